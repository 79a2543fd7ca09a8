"""Open HTTP connections to one AWS endpoint, kept from call to call, for threads and event loops.

This module writes requests and reads answers itself, because http.client takes twice the CPU of the
whole rest of a call. There is little to understand: each answer of AWS says in `content-length` how
long it is. An answer that does not is refused.
"""

import re
import select
import socket
import ssl
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from runtime.stores.aws.switches import trust

if TYPE_CHECKING:
    import asyncio

MAX_IDLE: Final = 10  # the ten attempts of a batch write at the same time
MAX_HEAD_BYTES: Final = 16 * 1024  # of an answer; those of AWS have less than 1 KB
READ: Final = select.POLLIN
WRITE: Final = select.POLLOUT
_CHUNK_BYTES: Final = 64 * 1024
_STATUS: Final = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2})( |$)")
_LENGTH: Final = re.compile(rb"[0-9]{1,8}")  # DynamoDB's longest answers are some 16 MB


class BrokenAnswer(ConnectionError):
    """The answer is not HTTP, is cut short, or does not say how long it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One whole answer."""

    status: int
    body: bytes
    date: str | None = None  # when the server says that it answered; None when it does not
    checksum: str | None = None  # the body's CRC-32 in decimal, which only DynamoDB says
    is_last: bool = False  # whether its connection serves no other call


class Connections:
    """Connections to the host of `url`, an endpoint of AWS; its certificate is checked.

    `ca_bundle` is a PEM file with the authorities to trust; None for those of botocore.
    """

    def __init__(
        self,
        url: str,
        *,
        connect_timeout_s: float,
        read_timeout_s: float,
        ca_bundle: str | None = None,
    ) -> None:
        parts = urlsplit(url)
        self.host = parts.netloc
        self._name = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._tls = trust(ca_bundle) if parts.scheme == "https" else None
        self._idle: list[socket.socket] = []
        weakref.finalize(self, _close, self._idle)

    def post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """POST to the path `/`.

        Raises:
            OSError: no connection, or no whole answer in time.
        """
        call = _Call(_request(body, headers))
        sock = self._take() or self._connect()
        ends_s = time.monotonic() + self._read_timeout_s
        try:
            for direction in call.steps(sock):
                _wait(sock, direction, ends_s - time.monotonic())
        except BaseException:  # KeyboardInterrupt, too: nobody reads this answer any more
            self._give_up(sock)
            raise
        return self._settled(sock, call.reply)

    async def post_async(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """As `post`, without holding up the event loop."""
        import asyncio  # half of the functions have no loop, and Lambda bills the import

        call = _Call(_request(body, headers))
        sock = self._take()
        if sock is None:
            sock = await asyncio.to_thread(self._connect)
        ends_s = time.monotonic() + self._read_timeout_s
        try:
            for direction in call.steps(sock):
                await _ready(sock, direction, ends_s - time.monotonic())
        except BaseException:  # also a cancelled task: nobody reads this answer any more
            self._give_up(sock)
            raise
        return self._settled(sock, call.reply)

    def _take(self) -> socket.socket | None:
        while True:
            try:
                sock = self._idle.pop()  # one step, so two threads never get the same
            except IndexError:
                return None
            # Nobody has asked anything on it, so an idle connection with something to read has
            # ended. After a Lambda was frozen, all of them have.
            if not _is_ready(sock, READ, 0):
                return sock
            sock.close()

    def _settled(self, sock: socket.socket, reply: Reply) -> Reply:
        if reply.is_last or len(self._idle) >= MAX_IDLE:
            sock.close()
        else:
            self._idle.append(sock)
        return reply

    def _give_up(self, sock: socket.socket) -> None:
        sock.close()  # a late answer must not be read as the next call's
        # The idle ones may be as dead, and nothing shows it yet. The next try is the last one, so
        # it must not take one of them.
        _close(self._idle)

    def _connect(self) -> socket.socket:
        sock = socket.create_connection((self._name, self._port), timeout=self._connect_timeout_s)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_hostname=self._name)
            sock.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        except BaseException:  # whatever it was, the socket must not leak
            sock.close()
            raise
        return sock


class _Call:
    """One request and its answer, on a socket that does not block."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._answer = _Answer()

    @property
    def reply(self) -> Reply:
        """The answer, once `steps` has come to its end."""
        return self._answer.reply

    def steps(self, sock: socket.socket) -> Iterator[int]:
        """Sends and receives; yields READ or WRITE when it has to wait for that on `sock`.

        Raises:
            OSError: the connection broke.
        """
        unsent = memoryview(self._request)
        while unsent:
            try:
                unsent = unsent[sock.send(unsent) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                yield WRITE
            except ssl.SSLWantReadError:
                yield READ
        yield READ  # an answer is never there at once
        while not self._answer.is_whole:
            try:
                self._answer.take(sock.recv(_CHUNK_BYTES))
            except (BlockingIOError, ssl.SSLWantReadError):
                yield READ
            except ssl.SSLWantWriteError:
                yield WRITE


class _Answer:
    """As much of an answer as has arrived."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._status = 0
        self._begin = self._end = 0  # of the body, when the head has been read
        self._is_last = False
        self._date: str | None = None
        self._checksum: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all of it is here."""
        return self._begin > 0 and len(self._data) >= self._end

    @property
    def reply(self) -> Reply:
        """The answer, once it is whole."""
        return Reply(
            status=self._status,
            body=bytes(self._data[self._begin : self._end]),
            date=self._date,
            checksum=self._checksum,
            is_last=self._is_last or len(self._data) > self._end,
        )

    def take(self, data: bytes) -> None:
        """Take in bytes of the answer; none of them mean that the connection has ended.

        Raises:
            BrokenAnswer: the answer is cut short, or none of AWS's.
        """
        if not data:
            raise BrokenAnswer("the connection ended before the answer did")
        self._data += data
        if self._begin:
            return
        end = self._data.find(b"\r\n\r\n", 0, MAX_HEAD_BYTES)
        if end >= 0:
            self._read_head(bytes(self._data[:end]))
            self._begin = end + len(b"\r\n\r\n")
            self._end += self._begin
        elif len(self._data) >= MAX_HEAD_BYTES:
            raise BrokenAnswer("the answer's head is too long")

    def _read_head(self, head: bytes) -> None:
        first, _, rest = head.partition(b"\r\n")
        status = _STATUS.match(first)
        headers: dict[bytes, bytes] = {}
        for line in rest.split(b"\r\n"):
            name, value = _header(line)
            # Repeated headers are joined by commas (RFC 9110 5.2), so a repeated content-length is
            # refused below.
            headers[name] = headers[name] + b"," + value if name in headers else value
        length = headers.get(b"content-length", b"")
        if status is None or b"transfer-encoding" in headers or not _LENGTH.fullmatch(length):
            raise BrokenAnswer("the answer is not HTTP/1.1, or of no known length")
        self._status, self._end = int(status[1]), int(length)
        self._date, self._checksum = _text(headers, b"date"), _text(headers, b"x-amz-crc32")
        options = headers.get(b"connection", b"").lower().split(b",")
        self._is_last = b"close" in map(bytes.strip, options)


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.rstrip().lower(), value.strip()


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


def _request(body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    if not (lines.isascii() and lines.count("\r") == lines.count("\n") == len(headers)):
        raise ValueError("a header holds what no header may")  # not shown: it may be a token
    # In one piece, because two pieces would be two packets and two system calls.
    return f"POST / HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n".encode("latin-1") + body


def _wait(sock: socket.socket, direction: int, seconds: float) -> None:
    if not _is_ready(sock, direction, max(0.0, seconds)):
        raise TimeoutError("no answer in time")


def _is_ready(sock: socket.socket, direction: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(sock, direction)
    return bool(poll.poll(seconds * 1000))


async def _ready(sock: socket.socket, direction: int, seconds: float) -> None:
    import asyncio

    loop, descriptor = asyncio.get_running_loop(), sock.fileno()
    ready = loop.create_future()
    add, remove = (
        (loop.add_reader, loop.remove_reader)
        if direction == READ
        else (loop.add_writer, loop.remove_writer)
    )
    add(descriptor, _wake, ready)
    timer = loop.call_later(seconds, _wake, ready, TimeoutError("no answer in time"))
    try:
        await ready
    finally:
        timer.cancel()
        remove(descriptor)


def _wake(ready: "asyncio.Future[None]", problem: Exception | None = None) -> None:
    if ready.done():  # a ready socket wakes us again and again until somebody reads
        return
    if problem is None:
        ready.set_result(None)
    else:
        ready.set_exception(problem)


def _close(idle: list[socket.socket]) -> None:
    with suppress(IndexError):  # another thread may have taken the last one
        while idle:
            idle.pop().close()
