"""A server on loopback that notes what it is sent, and answers in many ways."""

import gzip
import json
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SLOW_S = 1.0
# Said by whoever carries the bytes, and not by the program; tests of their own look at them.
_CARRIERS = {"accept-encoding", "connection", "content-length", "user-agent"}
Answer = tuple[int, list[tuple[str, str]], bytes]
_JSON = [("Content-Type", "application/json")]


def _text(content: bytes, kind: str | None) -> Answer:
    return 200, [("Content-Type", kind)] if kind else [], content


_ANSWERS: dict[str, Answer] = {
    "/twice": (200, [("X-Twice", "1"), ("x-twice", "2"), ("X-Once", "ä"), *_JSON], b"{}"),
    "/latin": _text("é1".encode("latin-1"), "text/plain; charset=iso-8859-1"),
    "/quoted-charset": _text("é2".encode("cp1252"), 'text/html; charset="windows-1252"'),
    "/no-charset": _text("é3".encode(), "text/html"),
    "/no-type": _text("é4 ünï".encode(), None),
    "/strange-charset": _text("é5".encode(), "text/plain; charset=klingon"),
    "/shift-jis": _text("日本".encode("shift_jis"), "text/plain; charset=Shift_JIS"),
    "/utf16-json": _text('{"a": "é6"}'.encode("utf-16"), "application/x-json"),
    "/latin-json": _text('{"a": "é7"}'.encode(), "application/json; charset=utf-8"),
    "/bom-json": _text(b'\xef\xbb\xbf{"a": 8}', "application/octet-stream"),
    "/bad-json": _text(b"<html>no\n json</html>", "text/html"),
    "/empty": (200, [], b""),
    "/nothing": (204, [], b""),
    "/lines": _text("one\ntwo\r\nthree é\n\nfive".encode(), "text/plain; charset=utf-8"),
    "/link": (200, [("Link", '<https://a.example/2>; rel="next", </9>; rel=last; x=1')], b""),
    "/gzip": (200, [*_JSON, ("Content-Encoding", "gzip")], gzip.compress(b'{"packed": 1}')),
    "/deflate": (200, [*_JSON, ("Content-Encoding", "deflate")], zlib.compress(b'{"packed": 2}')),
    "/redirect": (302, [("Location", "/twice")], b""),
    "/moved": (301, [("Location", "/twice")], b"gone there"),
    "/login": (
        200,
        [
            ("Set-Cookie", "sid=abc; Path=/; HttpOnly"),
            ("Set-Cookie", "deep=1; Path=/echo/deep"),
            ("Set-Cookie", "theirs=1; Domain=other.example"),
            ("Set-Cookie", "late=1; Expires=Wed, 09 Jun 2199 10:18:14 GMT"),
            ("Set-Cookie", "over=1; Max-Age=0"),
        ],
        b"in",
    ),
    "/logout": (200, [("Set-Cookie", "sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT")], b""),
}
_REASONS = {"/teapot": (418, "Short And Stout"), "/broken": (503, ""), "/missing": (404, None)}


class _Handler(BaseHTTPRequestHandler):
    """Notes each request in its server's list."""

    server: "_Server"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        sent = {k.lower(): v for k, v in self.headers.items() if k.lower() not in _CARRIERS}
        seen = {
            "method": self.command,
            "path": self.path,
            "headers": sent,
            "body": body.decode("latin-1"),
        }
        self.server.seen.append(seen)
        path = self.path.partition("?")[0]
        if path == "/hang-up":
            self.close_connection = True
            return
        if path == "/slow":
            self.server.closing.wait(SLOW_S)
        status, headers, content = _ANSWERS.get(path, (200, _JSON, json.dumps(seen).encode()))
        reason: str | None = None
        if path in _REASONS:
            status, reason = _REASONS[path]
        self.send_response(status, reason)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _answer  # noqa: N815 - http.server's names

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    """Knows what it has seen, and when it is to end."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[dict[str, Any]] = []
        self.closing = threading.Event()

    def handle_error(self, *_: Any) -> None:
        """A client that has hung up is what some programs are about."""


class Origin:
    """The server, for tests."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self.url = f"http://127.0.0.1:{server.server_port}"

    def during(self, act: Callable[[], Any]) -> tuple[Any, list[dict[str, Any]]]:
        """What the act returns, and what the server was sent meanwhile."""
        self._server.seen.clear()
        made = act()
        return made, list(self._server.seen)


@contextmanager
def running() -> Iterator[Origin]:
    """A server for the length of a block."""
    server = _Server()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Origin(server)
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
