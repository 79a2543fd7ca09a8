"""`penstock listen`: a receiver on a developer's machine gets what the endpoint gets."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from penstock.webhooks import Receiver
from runtime.core.deliveries.delivery import Status
from runtime.core.timestamps import timestamp
from tests.builders import a_delivery
from tests.unit.cli.conftest import Command

HOOK = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}
SOON = timestamp(datetime.now(UTC) + timedelta(hours=1))  # after the command began to listen


@dataclass
class Local:
    """A receiver on this machine, and the requests that it got."""

    url: str = ""
    status: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Local]:
    """It answers every POST."""
    local = Local()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            local.got.append((dict(self.headers), body))
            self.send_response(local.status)
            self.end_headers()
            self.wfile.write(b"no such\norder")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    local.url = f"http://127.0.0.1:{server.server_port}/hooks"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield local
    server.shutdown()
    server.server_close()


@dataclass(frozen=True, kw_only=True)
class Hook:
    """A webhook of the command's tenant."""

    id: str
    secret: str


@pytest.fixture
def hook(penstock: Command) -> Hook:
    """A new one."""
    made = penstock.api.post("/v1/webhooks", HOOK).json
    return Hook(id=made["id"], secret=made["secret"])


def stored(penstock: Command, hook: Hook, name: str = "1", **changes: object) -> str:
    """The id of a delivery that comes while the command listens."""
    delivery = a_delivery(
        **{
            "id": f"dlv_{hook.id}_{name}",
            "tenant": penstock.api.tenant,
            "webhook_id": hook.id,
            "created_at": SOON,
        }
        | changes
    )
    penstock.api.cloud.deliveries.add(delivery)
    return delivery.id


def listen(hook: Hook, url: str, *more: str) -> tuple[str, ...]:
    """The arguments of a command that looks once."""
    return ("listen", "--webhook", hook.id, "--forward", url, "--for-s", "0", *more)


def test_a_local_receiver_gets_the_signed_request_and_its_answer_is_shown(
    penstock: Command, hook: Hook, receiver: Local
) -> None:
    """It verifies it as it will in the cloud, with the same secret."""
    name = stored(penstock, hook)

    ran = penstock(*listen(hook, receiver.url))

    ((headers, body),) = receiver.got
    assert name == Receiver(hook.secret).verify(body=body, headers=headers).id
    assert f"message.email.clicked  {name}  200 in" in ran.out
    assert 0 == ran.code


def test_an_answer_that_is_no_success_is_shown_with_its_text(
    penstock: Command, hook: Hook, receiver: Local
) -> None:
    """On one line; that is what the developer looks for."""
    receiver.status = 404
    stored(penstock, hook)

    ran = penstock(*listen(hook, receiver.url))

    assert "ms: no such order\n" in ran.out


def test_with_json_each_delivery_is_listed_with_what_came_of_it(
    penstock: Command, hook: Hook, receiver: Local
) -> None:
    """Those that cannot be brought say why, and the others are brought all the same."""
    unmade = stored(penstock, hook, "a", body="", status=Status.DEAD, due_at_ms=None)
    made = stored(penstock, hook, "b")

    rows = penstock(*listen(hook, receiver.url, "--json")).json["data"]

    by_id = {row["id"]: row for row in rows}
    assert "its function has made nothing to send" == by_id[unmade]["error"]
    assert (200, None) == (by_id[made]["status"], by_id[made]["error"])
    assert 1 == len(receiver.got)


def test_a_receiver_that_is_not_there_does_not_end_the_command(
    penstock: Command, hook: Hook
) -> None:
    """It is restarted all the time while somebody writes it."""
    stored(penstock, hook)

    ran = penstock(*listen(hook, "http://127.0.0.1:9/"))

    assert 0 == ran.code
    assert "ConnectError" in ran.out


@pytest.mark.parametrize("url", ["localhost:3000", "ftp://x/", "http://", "http://[::1"])
def test_a_target_that_is_no_url_is_refused(penstock: Command, hook: Hook, url: str) -> None:
    """Before anything is asked of the API."""
    ran = penstock(*listen(hook, url, "--json"))

    assert (2, "bad_url") == (ran.code, ran.json["error"]["code"])


def test_a_webhook_that_does_not_exist_is_named_at_once(penstock: Command) -> None:
    """Nobody should wait for deliveries that cannot come."""
    ran = penstock(
        "listen", "--webhook", "whk_none", "--forward", "http://localhost:3000", "--json"
    )

    assert (1, "webhook_not_found") == (ran.code, json.loads(ran.out)["error"]["code"])
