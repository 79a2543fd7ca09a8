"""Receivers for the end-to-end tests: real servers on loopback that write down what they get."""

import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

DEADLINE_S: Final = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came; header names in lower case."""

    method: str
    headers: Mapping[str, str]
    body: bytes
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to answer, and after how long."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    delay_s: float = 0.0


Answer = Callable[[Request], Reply]


def _well(_request: Request) -> Reply:
    return Reply()


class Recorder:
    """Endpoints by path; each answers 200 unless it is given an answer of its own."""

    def __init__(self) -> None:
        self.base = ""
        self.answers: dict[str, Answer] = {}
        self.most: dict[str, int] = defaultdict(int)  # requests at the same time
        self._requests: dict[str, list[Request]] = defaultdict(list)
        self._open: dict[str, int] = defaultdict(int)
        self._changed = threading.Condition()

    def url(self, path: str, answer: Answer = _well) -> str:
        """The address of an endpoint."""
        self.answers[path] = answer
        return f"{self.base}/{path}"

    def got(self, path: str) -> list[Request]:
        """What came so far."""
        with self._changed:
            return list(self._requests[path])

    def wait(
        self,
        path: str,
        enough: Callable[[list[Request]], bool],
        *,
        deadline_s: float = DEADLINE_S,
    ) -> list[Request]:
        """What came, as soon as that is enough; what came until the deadline if it never is."""
        with self._changed:
            self._changed.wait_for(lambda: enough(self._requests[path]), timeout=deadline_s)
            return list(self._requests[path])

    def take(self, path: str, request: Request) -> Reply:
        """Write the request down; what to answer."""
        with self._changed:
            self._open[path] += 1
            self.most[path] = max(self.most[path], self._open[path])
            reply = self.answers.get(path, _well)(request)
        if reply.delay_s:
            threading.Event().wait(reply.delay_s)
        with self._changed:
            self._open[path] -= 1
            self._requests[path].append(request)
            self._changed.notify_all()
        return reply


@contextmanager
def recording(context: ssl.SSLContext | None = None) -> Iterator[Recorder]:
    """A recorder on a free port, with TLS if a context is given, until the block ends."""
    recorder = Recorder()
    server = _Server(("127.0.0.1", 0), _handler(recorder))
    if context is not None:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    scheme = "http" if context is None else "https"
    recorder.base = f"{scheme}://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A client that breaks a handshake off is part of the tests."""


def _handler(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_POST(self) -> None:
            request = Request(
                method=self.command,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(int(self.headers.get("content-length", "0"))),
                at_s=time.time(),
            )
            reply = recorder.take(self.path.strip("/"), request)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def do_OPTIONS(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            """What came is the log."""

    return Handler
