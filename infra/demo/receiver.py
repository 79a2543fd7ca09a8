"""The third party: a real HTTP server that trusts nothing and counts everything.

Each request is checked with the independent `standardwebhooks` library. One webhook in ten is told
503 on its first try; the endpoint named `down` always answers 500, and `gone` 410.
"""

import json
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from standardwebhooks import Webhook, WebhookVerificationError

DOWN: Final = "down"
GONE: Final = "gone"
ALWAYS: Final = {DOWN: HTTPStatus.INTERNAL_SERVER_ERROR, GONE: HTTPStatus.GONE}
BUSY_ONE_IN: Final = 10


@dataclass(slots=True, kw_only=True)
class Heard:
    """What one endpoint was told under one webhook-id."""

    tries: int = 0
    verified: int = 0
    accepted: int = 0
    at_s: float = 0.0
    body: Any = None


@dataclass(slots=True, kw_only=True)
class Endpoint:
    """One URL of the receiver, its secret, and what it has heard, by webhook-id.

    It answers after `delay_s`; with `always` whatever comes, if that is set. One that `starts_busy`
    answers the first try of every webhook with 503.
    """

    name: str
    secret: str = ""
    delay_s: float = 0.0
    always: HTTPStatus | None = None
    starts_busy: bool = False
    heard: dict[str, Heard] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def accepted(self) -> list[Heard]:
        """The webhooks that were answered with 2xx at least once."""
        return [one for one in self.heard.values() if one.accepted]

    @property
    def retried(self) -> int:
        """Webhooks that came again after a failure and then went through."""
        return sum(one.tries > one.accepted > 0 for one in self.heard.values())

    @property
    def duplicates(self) -> int:
        """Requests for what had been accepted already; at-least-once allows them, we count them."""
        return sum(max(0, one.accepted - 1) for one in self.heard.values())


class Receiver:
    """The endpoints of one server on loopback; `url(name)` is where a webhook points.

    `is_ever_busy` False turns the 503s off.
    """

    def __init__(self) -> None:
        self.is_ever_busy = True
        self.endpoints: dict[str, Endpoint] = {}
        self.changed = threading.Condition()
        self.port = 0

    def url(self, name: str) -> str:
        """The address of an endpoint; it exists from now on."""
        self.endpoints.setdefault(name, Endpoint(name=name, always=ALWAYS.get(name)))
        return f"http://127.0.0.1:{self.port}/{name}"

    def take(self, name: str, *, headers: Mapping[str, str], body: bytes) -> HTTPStatus:
        """Check and count one request; the answer to give."""
        with self.changed:
            endpoint = self.endpoints.get(name)
            if endpoint is None:
                return HTTPStatus.NOT_FOUND
            busy = self.is_ever_busy and is_busy_for(headers.get("webhook-id", ""))
            status = _answer(endpoint, headers=headers, body=body, busy=busy)
            self.changed.notify_all()
            return status

    def pause(self, name: str) -> None:
        """Let an endpoint that is slow take its time; others are answered meanwhile."""
        endpoint = self.endpoints.get(name)
        if endpoint is not None and endpoint.delay_s:
            threading.Event().wait(endpoint.delay_s)

    def wait(self, done: Callable[[], bool], *, deadline_s: float) -> bool:
        """Whether `done` came true within `deadline_s`; looked at after each request."""
        with self.changed:
            return self.changed.wait_for(done, timeout=deadline_s)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens on a free loopback port until the block ends."""
    receiver = Receiver()
    server = _Server(("127.0.0.1", 0), _handler_for(receiver))
    receiver.port = server.server_address[1]
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="receiver", daemon=True
    )
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(
    endpoint: Endpoint, *, headers: Mapping[str, str], body: bytes, busy: bool
) -> HTTPStatus:
    try:
        document = Webhook(endpoint.secret).verify(body, dict(headers))
    except (WebhookVerificationError, ValueError, RuntimeError) as problem:
        endpoint.refused[f"{type(problem).__name__}: {problem}"] += 1
        return HTTPStatus.UNAUTHORIZED
    one = endpoint.heard.setdefault(headers["webhook-id"], Heard())
    one.tries += 1
    one.verified += 1
    one.body = document
    if endpoint.always is not None:
        return endpoint.always
    if one.tries == 1 and (busy or endpoint.starts_busy):
        return HTTPStatus.SERVICE_UNAVAILABLE
    one.accepted += 1
    one.at_s = one.at_s or time.time()
    return HTTPStatus.OK


def is_busy_for(webhook_id: str) -> bool:
    """One webhook in ten, always the same ones for the same ids."""
    return zlib.crc32(webhook_id.encode()) % BUSY_ONE_IN == 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256  # fifty workers may dial at the same moment

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A worker that was stopped while a slow endpoint took its time is no error of ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _handler_for(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # keep-alive, as real receivers do
        timeout = 60
        wbufsize = -1  # an answer in one packet: of two, the second waits 40 ms for an ACK

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = receiver.take(self.path.strip("/"), headers=headers, body=body)
            answer = json.dumps({"status": status.phrase}).encode()
            receiver.pause(self.path.strip("/"))
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Counts are the log."""

    return Handler
