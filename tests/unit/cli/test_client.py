"""The command line's client of the API waits as long as the API asks, and not longer."""

from collections.abc import Sequence

import httpx
import pytest

from cli._connection import Connection
from cli._errors import CommandFailed
from cli.client import Client

PROBLEM = {"code": "rate_limited", "detail": "this API key may make 100 calls a second"}
PASSED = httpx.Response(200, json={"data": []})


def busy(asked: str = "") -> httpx.Response:
    """What the API answers a key that calls too often; `asked` is its `Retry-After`."""
    return httpx.Response(429, json=PROBLEM, headers=[(b"retry-after", asked.encode("latin-1"))])


def waits(answers: Sequence[httpx.Response]) -> list[float]:
    """How long the client waits before each try, in seconds."""
    todo, waited = list(answers), list[float]()
    client = Client(
        Connection(url="http://127.0.0.1:1", key="psk_x", origin="a test"),
        transport=httpx.MockTransport(lambda _: todo.pop(0)),
        wait=waited.append,
    )
    client.get("/v1/webhooks")
    return waited


@pytest.mark.parametrize(
    ("asked", "waited_s"),
    [("3", 3.0), ("0", 0.5), ("86400", 10.0), ("soon", 0.5), ("-1", 0.5), ("³", 0.5)],
)
def test_a_call_that_came_too_soon_is_made_again_after_as_long_as_the_api_asks(
    asked: str, waited_s: float
) -> None:
    """Sooner would be refused again; and nobody waits a day for a command."""
    assert [waited_s] == waits([busy(asked), PASSED])


def test_a_call_that_stays_refused_says_why() -> None:
    """After three tries it is for a person to slow down."""
    with pytest.raises(CommandFailed, match="100 calls a second") as refusal:
        waits([busy(), busy(), busy()])

    assert "rate_limited" == refusal.value.code
