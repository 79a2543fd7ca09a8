"""The receiver: a real HTTP server that verifies and counts every request.

It checks each request with the `standardwebhooks` library, which is not ours. It answers 503 to the
first try of one webhook in ten. The endpoint `down` always answers 500, and `gone` always 410.
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
class Arrival:
    """The requests that one endpoint got with one webhook-id."""

    tries: int = 0  # requests with a valid signature
    accepts: int = 0  # of these, those that were answered with 200
    at_s: float = 0.0  # when the first of these came, in seconds since the epoch
    body: Any = None  # the JSON of the last request


@dataclass(slots=True, kw_only=True)
class Endpoint:
    """One URL of the receiver."""

    name: str
    secret: str = ""  # of the webhook
    delay_s: float = 0.0  # how long it waits before it answers
    always: HTTPStatus | None = None  # its answer to everything; None answers as it should
    starts_busy: bool = False  # answers 503 to the first try of every webhook
    arrivals: dict[str, Arrival] = field(default_factory=dict)  # by webhook-id
    refusals: Counter[str] = field(default_factory=Counter)  # how many, by reason

    @property
    def accepted(self) -> list[Arrival]:
        """The webhooks that were answered with 200 at least once."""
        return [arrival for arrival in self.arrivals.values() if arrival.accepts]

    @property
    def retried(self) -> int:
        """How many webhooks were accepted after a try that failed."""
        return sum(arrival.tries > arrival.accepts > 0 for arrival in self.arrivals.values())

    @property
    def duplicates(self) -> int:
        """How many requests came after their webhook was accepted. At-least-once allows them."""
        return sum(max(0, arrival.accepts - 1) for arrival in self.arrivals.values())


class Receiver:
    """The endpoints of one server on loopback.

    Attributes:
        is_ever_busy: whether one webhook in ten gets 503 first.
        endpoints: by name.
        changed: notified after each request.
        port: that it listens on.
    """

    def __init__(self) -> None:
        self.is_ever_busy = True
        self.endpoints: dict[str, Endpoint] = {}
        self.changed = threading.Condition()
        self.port = 0

    def url(self, name: str) -> str:
        """The URL of an endpoint, which this makes if there is none with that name."""
        self.endpoints.setdefault(name, Endpoint(name=name, always=ALWAYS.get(name)))
        return f"http://127.0.0.1:{self.port}/{name}"

    def take(self, name: str, *, headers: Mapping[str, str], body: bytes) -> HTTPStatus:
        """Verify and count one request, and give the status to answer with."""
        with self.changed:
            endpoint = self.endpoints.get(name)
            if endpoint is None:
                return HTTPStatus.NOT_FOUND
            busy = self.is_ever_busy and is_busy_for(headers.get("webhook-id", ""))
            status = _answer(endpoint, headers=headers, body=body, busy=busy)
            self.changed.notify_all()
            return status

    def pause(self, name: str) -> None:
        """Wait as long as the endpoint delays its answers; others are answered meanwhile."""
        endpoint = self.endpoints.get(name)
        if endpoint is not None and endpoint.delay_s:
            threading.Event().wait(endpoint.delay_s)

    def wait(self, condition: Callable[[], bool], *, deadline_s: float) -> bool:
        """Wait until a condition is true, asking after each request.

        Returns:
            Whether it became true within `deadline_s`.
        """
        with self.changed:
            return self.changed.wait_for(condition, timeout=deadline_s)


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
        endpoint.refusals[f"{type(problem).__name__}: {problem}"] += 1
        return HTTPStatus.UNAUTHORIZED
    arrival = endpoint.arrivals.setdefault(headers["webhook-id"], Arrival())
    arrival.tries += 1
    arrival.body = document
    if endpoint.always is not None:
        return endpoint.always
    if arrival.tries == 1 and (busy or endpoint.starts_busy):
        return HTTPStatus.SERVICE_UNAVAILABLE
    arrival.accepts += 1
    arrival.at_s = arrival.at_s or time.time()
    return HTTPStatus.OK


def is_busy_for(webhook_id: str) -> bool:
    """Whether this webhook's first try is answered with 503: one id in ten, always the same."""
    return zlib.crc32(webhook_id.encode()) % BUSY_ONE_IN == 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256  # fifty workers may connect at the same moment

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore broken connections: a worker may be stopped while a slow endpoint delays."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _handler_for(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # keep-alive, as real receivers do
        timeout = 60
        wbufsize = -1  # buffered, to answer in one packet: a second one would wait 40 ms for an ACK

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
            """Log nothing: the counts are enough."""

    return Handler
