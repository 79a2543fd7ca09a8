"""Stands between functions and their tables, and turns calls away as DynamoDB does."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import urlsplit

from tests.chaos.stores import THROTTLED

HOP_BY_HOP: Final = frozenset({"connection", "transfer-encoding", "content-length"})


@dataclass(kw_only=True)
class Throttle:
    """The way to the tables."""

    behind: str  # the host and port of the emulator
    url: str = ""
    is_on: bool = False
    turned_away: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refuses(self) -> bool:
        """Whether this call is turned away, which is counted."""
        with self._lock:
            self.turned_away += self.is_on
            return self.is_on


@contextmanager
def throttling(endpoint: str) -> Iterator[Throttle]:
    """A way to the tables of this emulator, on a free port of loopback."""
    throttle = Throttle(behind=urlsplit(endpoint).netloc)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(throttle))
    server.daemon_threads = True
    server.block_on_close = False
    throttle.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield throttle
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(throttle: Throttle) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            if throttle.refuses():
                self._answer(400, [("content-type", "application/x-amz-json-1.0")], REFUSAL)
                return
            connection = http.client.HTTPConnection(throttle.behind, timeout=30)
            try:
                connection.request("POST", self.path, body, dict(self.headers.items()))
                answer = connection.getresponse()
                self._answer(answer.status, answer.getheaders(), answer.read())
            finally:
                connection.close()

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """What was turned away is counted."""

    return Handler


REFUSAL: Final = json.dumps(THROTTLED).encode()
