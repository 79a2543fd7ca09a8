"""A loopback server that does a call only if AWS would: it checks each signature with botocore."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from infra.local import ministack_signatures as signatures
from infra.local.ministack_signatures import Refused, Request

ACCESS_KEY: Final = "AKIATEST"
SECRET: Final = "very-secret"


@dataclass(slots=True, kw_only=True)
class SignedServer:
    """What it was asked for, and what it said to that."""

    ahead: timedelta = timedelta()  # of its clock before this machine's
    secret: str = SECRET  # of the one key that it knows
    says_date: bool = True  # whether its answers have a Date
    url: str = ""
    said: list[str] = field(default_factory=list)  # "taken", or the code of the refusal, in order

    def now(self) -> datetime:
        """The time by its clock."""
        return datetime.now(UTC) + self.ahead

    def answer(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        now = self.now()
        date = {"date": format_datetime(now, usegmt=True)} if self.says_date else {}
        try:
            signatures.check(request, signatures.claim(request), secret=self.secret, now=now)
        except Refused as refused:
            self.said.append(refused.code)
            status, headers, body = signatures.answer(request, refused, now=now)
            return status, {"content-type": headers["content-type"], **date}, body
        self.said.append("taken")
        return 200, {"content-type": "application/x-amz-json-1.0", **date}, b"{}"


@contextmanager
def signed_server(server: SignedServer) -> Iterator[SignedServer]:
    """Let it listen on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            request = Request(
                method=self.command,
                target=self.path,
                headers=list(self.headers.items()),
                body=self.rfile.read(length),
            )
            status, headers, body = server.answer(request)
            self.send_response_only(status)
            for name, text in (*headers.items(), ("content-length", str(len(body)))):
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        server.url = f"http://127.0.0.1:{listening.server_port}"
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
