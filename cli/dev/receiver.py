"""The receiver of `penstock dev`: verifies each webhook that arrives, and keeps it to be shown."""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from penstock.webhooks import Receiver, Rejected

HOST: Final = "127.0.0.1"
EXCERPT_CHARS: Final = 200  # of a body, in a line
MAX_BODY_BYTES: Final = 16 * 1024 * 1024  # far more than a delivery has
TIMEOUT_S: Final = 30  # of one read; a connection that says nothing occupies a thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One request that arrived."""

    webhook: str  # the name that the file has for it
    delivery: str | None  # the id in `webhook-id`; None without one
    topic: str | None  # as the body says; None where it does not
    # Whether the signature fits; None for a format that Standard Webhooks does not know.
    verified: bool | None
    problem: str | None  # the verifier's code; None unless it has refused the request
    body: str

    def to_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        return asdict(self)

    def line(self) -> str:
        """The arrival for people."""
        if self.verified is None:
            signature = "signature not checked: a format of its own"
        else:
            signature = "verified" if self.verified else f"NOT VERIFIED ({self.problem})"
        text = " ".join(self.body.split())
        excerpt = text if len(text) <= EXCERPT_CHARS else f"{text[:EXCERPT_CHARS]}…"
        what = f"{self.webhook}  {self.topic or '-'}  {self.delivery or '-'}"
        return f"webhook  {what}  {signature}  {excerpt}"


@dataclass(slots=True, kw_only=True)
class Endpoints:
    """What listens, and what has arrived that nobody has seen yet."""

    port: int  # on loopback
    # By the name of each webhook; None for one whose requests cannot be verified here.
    verifiers: dict[str, Receiver | None] = field(default_factory=dict)
    arrivals: "queue.SimpleQueue[Arrival]" = field(default_factory=queue.SimpleQueue)

    def url(self, name: str) -> str:
        """Where the requests of a webhook belong."""
        return f"http://{HOST}:{self.port}/{quote(name, safe='')}"

    def waited(self, timeout_s: float) -> list[Arrival]:
        """What has arrived; waits until something does, for `timeout_s` seconds at most."""
        arrivals: list[Arrival] = []
        try:
            arrivals.append(self.arrivals.get(timeout=timeout_s))
            while True:
                arrivals.append(self.arrivals.get_nowait())
        except queue.Empty:
            return arrivals

    def take(self, path: str, headers: Any, body: bytes) -> HTTPStatus:
        """Judge one request, and give the status to answer with."""
        name = unquote(urlsplit(path).path.removeprefix("/"))
        if name not in self.verifiers:
            return HTTPStatus.NOT_FOUND
        verified, problem = _judged(self.verifiers[name], headers, body)
        text = body.decode(errors="replace")
        self.arrivals.put(
            Arrival(
                webhook=name,
                delivery=headers.get("webhook-id"),
                topic=_topic(text),
                verified=verified,
                problem=problem,
                body=text,
            )
        )
        return HTTPStatus.UNAUTHORIZED if problem else HTTPStatus.NO_CONTENT


@contextmanager
def receiving() -> Iterator[Endpoints]:
    """Listen on a free port of loopback until the block ends."""
    with _Server((HOST, 0), _Handler) as server:
        server.endpoints = Endpoints(port=server.server_address[1])
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        thread.start()
        try:
            yield server.endpoints
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    endpoints: Endpoints


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT_S
    server: _Server

    def do_POST(self) -> None:
        """Take one webhook."""
        length = self.headers.get("content-length", "")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self._answer(HTTPStatus.LENGTH_REQUIRED)
            return
        body = self.rfile.read(int(length))
        self._answer(self.server.endpoints.take(self.path, self.headers, body))

    def _answer(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing here: what arrives is shown by the command."""


def _judged(verifier: Receiver | None, headers: Any, body: bytes) -> tuple[bool | None, str | None]:
    if verifier is None:
        return None, None
    try:
        verifier.verify(body=body, headers=headers)
    except Rejected as problem:
        return False, problem.code
    return True, None


def _topic(text: str) -> str | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    topic = document.get("type") if isinstance(document, dict) else None
    return topic if isinstance(topic, str) else None
