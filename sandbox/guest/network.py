"""Lets `http.client`, and with it `urllib.request`, call servers by the parent's http call.

The standard library writes a request into a connection and reads an answer from it. Here the
connection reads that request, has the parent perform it, and writes the answer as a server would.
"""

from __future__ import annotations

import base64
import email.parser
import http.client
import io
import re
import socket
from typing import Any, Final

from .capabilities import http as sdk_http
from .capabilities import port
from .places import put

_METHOD, _TARGET = 0, 1
_OWN_HEADERS: Final = frozenset({"host", "connection", "content-length", "transfer-encoding"})
# Headers of the answer that say how its body was sent. They no longer apply: it comes whole.
_FRAMING: Final = frozenset({"content-length", "transfer-encoding", "connection"})
_PORTS: Final = {"http": 80, "https": 443}
_TIMEOUTS: Final = frozenset({"timeout", "dns_timeout", "connect_timeout"})


class _Connection:
    """An object that `http.client` uses as a socket: it takes one request, and gives its answer."""

    def __init__(self, origin: str, timeout: Any) -> None:
        self._origin = origin
        self._timeout = timeout
        self._request = bytearray()
        self._answer: bytes | None = None

    def sendall(self, data: Any) -> None:
        """Take a part of the request. With its last part, the parent performs it, and may fail."""
        # The call is made here and not when the answer is read: a program that catches an
        # unreachable server does so around the request.
        self._request += data
        if self._answer is None and _is_whole(self._request):
            self._answer = _answer(bytes(self._request), self._origin, self._timeout)

    def makefile(self, _mode: str = "rb", *_arguments: Any, **_options: Any) -> io.BytesIO:
        """A file with the answer to the request."""
        answer = self._answer
        if answer is None:
            answer = _answer(bytes(self._request), self._origin, self._timeout)
        self._answer = None
        self._request.clear()
        return io.BytesIO(answer)

    def settimeout(self, timeout: Any) -> None:
        """Set the seconds that the answer may take."""
        self._timeout = timeout

    def setsockopt(self, *_arguments: Any) -> None:
        """Do nothing: there is no socket."""

    def close(self) -> None:
        """Do nothing: each request is a call of its own."""


_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+) *(?:\r\n|$)", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding: *chunked *(?:\r\n|$)", re.IGNORECASE)


def _is_whole(request: bytearray) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    if not end:
        return False
    if _CHUNKED.search(head):
        return body.endswith(b"0\r\n\r\n")
    length = _LENGTH.search(head)
    return length is None or len(body) >= int(length[1])


def _answer(request: bytes, origin: str, timeout: Any) -> bytes:
    head, _, body = request.partition(b"\r\n\r\n")
    request_line, _, header_lines = head.partition(b"\r\n")
    words = request_line.decode("latin-1").split(" ")
    sent_headers = email.parser.HeaderParser().parsestr(header_lines.decode("latin-1"))
    headers = {
        name: value for name, value in sent_headers.items() if name.lower() not in _OWN_HEADERS
    }
    fields: dict[str, Any] = {"headers": headers, "content_type": None}
    if sent_headers.get("transfer-encoding", "").lower() == "chunked":
        body = _unchunked(body)
    if body:
        fields["data"] = _body(body)
    if isinstance(timeout, int | float):
        fields["timeout"] = timeout
    target = words[_TARGET]
    url = target if "://" in target else origin + target
    try:
        answer = sdk_http.perform(words[_METHOD], url, **fields)
    except port.CapabilityError as problem:
        raise _as_os_error(problem) from None
    return _as_bytes(answer)


def _as_bytes(answer: dict[str, Any]) -> bytes:
    body = base64.b64decode(answer["body"])
    lines = [f"HTTP/1.1 {answer['status']} {answer.get('reason', '')}"]
    lines += [
        f"{name}: {value}" for name, value in answer["headers"] if name.lower() not in _FRAMING
    ]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace") + body


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode("utf-8")}  # the parent fills secrets into text
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}


def _unchunked(body: bytes) -> bytes:
    chunks, stream = [], io.BytesIO(body)
    while size := int(stream.readline().split(b";")[0] or b"0", 16):
        chunks.append(stream.read(size))
        stream.readline()
    return b"".join(chunks)


def _as_os_error(error: port.CapabilityError) -> OSError:
    text = str(error)
    if error.code in _TIMEOUTS:
        return TimeoutError(text)
    if error.code.startswith("dns"):
        return socket.gaierror(socket.EAI_NONAME, text)
    return ConnectionError(text)


def _connect(self: http.client.HTTPConnection) -> None:
    scheme = "https" if isinstance(self, HTTPSConnection) else "http"
    host, number = self.host, self.port
    if self._tunnel_host:  # type: ignore[attr-defined]
        raise OSError("proxies are not used here: call the server itself")
    host = f"[{host}]" if ":" in host else host
    origin = f"{scheme}://{host}" if number == _PORTS[scheme] else f"{scheme}://{host}:{number}"
    timeout = self.timeout
    if timeout is socket._GLOBAL_DEFAULT_TIMEOUT:  # type: ignore[attr-defined]  # noqa: SLF001
        timeout = socket.getdefaulttimeout()
    self.sock = _Connection(origin, timeout)


class HTTPSConnection(http.client.HTTPConnection):
    """A connection over TLS. The parent does the TLS, so the argument `context` has no effect."""

    default_port = 443

    def __init__(
        self, host: str, port: int | None = None, *, context: Any = None, **options: Any
    ) -> None:
        del context
        super().__init__(host, port, **options)


def install() -> None:
    """Replace the connections of `http.client`. Call it before `urllib.request` is imported."""
    put(http.client.HTTPConnection, connect=_connect)
    HTTPSConnection.__module__ = "http.client"
    put(http.client, HTTPSConnection=HTTPSConnection)
    put(http.client, _create_https_context=lambda _version=None: None)
