"""The receiver of `penstock dev`: what arrives is judged as a real receiver would."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cli.dev.receiver import EXCERPT_CHARS, Arrival, Endpoints, receiving
from penstock.webhooks import Receiver
from runtime.core.webhooks import signing

SECRET = "whsec_" + "c2VjcmV0" * 5
BODY = b'{"type": "metric.x", "timestamp": "2026-11-20T13:04:05.123Z", "data": {}}'


@pytest.fixture
def endpoints() -> Iterator[Endpoints]:
    """A receiver with a webhook called `my shop`."""
    with receiving() as each:
        each.verifiers["my shop"] = Receiver(SECRET, clock=lambda: 1_000.0)
        yield each


def posted(endpoints: Endpoints, *, body: bytes = BODY, name: str = "my shop") -> httpx.Response:
    """The answer to a request that was signed with `BODY`."""
    key = signing.parse_key(SECRET)
    headers: Any = dict(signing.headers([key], BODY, message_id="dlv_1", at_s=1_000))
    return httpx.post(endpoints.url(name), content=body, headers=headers, trust_env=False)


def test_a_genuine_request_is_verified_and_accepted(endpoints: Endpoints) -> None:
    """With its topic and the id of its delivery, by which the cloud's record is found."""
    assert 204 == posted(endpoints).status_code

    [arrival] = endpoints.waited(5)
    assert ("my shop", "dlv_1", "metric.x", True, None) == (
        arrival.webhook,
        arrival.delivery,
        arrival.topic,
        arrival.verified,
        arrival.problem,
    )
    assert "metric.x  dlv_1  verified  {" in arrival.line()


def test_a_request_that_is_not_genuine_is_shown_with_the_reason(endpoints: Endpoints) -> None:
    """And refused, as a real receiver refuses it."""
    assert 401 == posted(endpoints, body=b'{"type": "metric.y"}').status_code

    [arrival] = endpoints.waited(5)
    assert (False, "wrong_signature") == (arrival.verified, arrival.problem)
    assert "NOT VERIFIED (wrong_signature)" in arrival.line()


def test_a_path_of_no_webhook_is_not_found(endpoints: Endpoints) -> None:
    """Something else on this machine calls; nobody wants to see that."""
    assert 404 == posted(endpoints, name="other").status_code
    assert [] == endpoints.waited(0)


def test_a_format_of_its_own_is_taken_unchecked(endpoints: Endpoints) -> None:
    """Klaviyo's signature is another; a body that is no JSON has no topic."""
    endpoints.verifiers["my shop"] = None

    assert 204 == posted(endpoints, body=b"x").status_code

    [arrival] = endpoints.waited(5)
    assert (None, None) == (arrival.verified, arrival.topic)
    assert "signature not checked" in arrival.line()


def test_a_long_body_is_shortened_in_its_line_and_whole_in_the_document() -> None:
    """A screen is for the eye, the document for a program."""
    arrival = Arrival(
        webhook="w", delivery=None, topic=None, verified=True, problem=None, body="x" * 1_000
    )

    assert arrival.line().endswith("x" * EXCERPT_CHARS + "…")
    assert "x" * 1_000 == arrival.to_json()["body"]
