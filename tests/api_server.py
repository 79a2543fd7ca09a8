"""The API over real HTTP on loopback, for clients that are processes of their own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from functions import api as api_function
from tests.api_client import ApiClient, a_url_event, running_api


@dataclass(frozen=True, kw_only=True)
class Served:
    """Where the API listens, and a client that needs no HTTP."""

    url: str
    api: ApiClient


class _Handler(BaseHTTPRequestHandler):
    """What a Function URL does: a request becomes an event, its answer a response."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        event = a_url_event(
            self.command,
            parts.path,
            body=self.rfile.read(length).decode(),
            query=dict(parse_qsl(parts.query)),
            headers={name.lower(): text for name, text in self.headers.items()},
        )
        raw = api_function.handler(event, None)
        body = (raw.get("body") or "").encode()
        self.send_response(raw["statusCode"])
        for name, text in raw.get("headers", {}).items():
            self.send_header(name, text)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served_api() -> Iterator[Served]:
    """The API on a free port."""
    with running_api() as api, ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Served(url=f"http://127.0.0.1:{server.server_port}", api=api)
        finally:
            server.shutdown()
            thread.join()
