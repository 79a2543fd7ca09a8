"""A server that speaks TDS as far as a test of its client needs, and answers as it is told."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

REPLY, PRELOGIN = 0x04, 0x12
DONE: Final = struct.pack("<BHHQ", 0xFD, 0, 0, 0)


@dataclass
class TdsServer:
    """Answers one connection after the other."""

    context: ssl.SSLContext
    answer: Callable[[str], bytes] = lambda _statement: DONE  # tokens; none ends the connection
    login: bytes = b""  # tokens instead of those that let the client in
    encryption: int = 1  # as PRELOGIN says it: 1 is on, 2 is not supported
    statements: list[str] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)
    port: int = 0

    @contextmanager
    def listening(self) -> Iterator["TdsServer"]:
        """The server, as long as the block runs."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        thread = threading.Thread(target=self._accept, args=(listener,))
        thread.start()
        yield self
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError, EOFError):
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        _message(connection.recv)
        options = struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF)
        connection.sendall(_packet(REPLY, options + bytes(6) + bytes([self.encryption])))
        client = _Encrypted(connection, self.context)
        self.logins.append(_message(client.read))
        client.say(self.login or _LOGIN_ACK + DONE)
        while True:
            batch = _message(client.read)
            statement = batch[struct.unpack_from("<I", batch)[0] :].decode("utf-16-le")
            self.statements.append(statement)
            tokens = self.answer(statement)
            if not tokens:
                return
            client.say(tokens)


class _Encrypted:
    """A client behind TLS, whose handshake stands in packets of TDS."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        self._connection = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while not self._is_handshake_done():
            self._incoming.write(_message(connection.recv))

    def _is_handshake_done(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            if flight := self._outgoing.read():
                self._connection.sendall(_packet(PRELOGIN, flight))
        return True

    def read(self, size: int) -> bytes:
        """At least a byte, and at most so many."""
        while True:
            try:
                return self._tls.read(size)
            except ssl.SSLWantReadError:
                data = self._connection.recv(65_536)
                if not data:
                    raise EOFError from None
                self._incoming.write(data)

    def say(self, tokens: bytes) -> None:
        """Send a message."""
        self._tls.write(_packet(REPLY, tokens))
        self._connection.sendall(self._outgoing.read())


def error(number: int, text: str) -> bytes:
    """The tokens of a statement, or a login, that failed."""
    content = struct.pack("<iBBH", number, 1, 16, len(text)) + _ucs2(text) + bytes(2)
    content += struct.pack("<i", 1)
    return b"\xaa" + struct.pack("<H", len(content)) + content + struct.pack("<BHHQ", 0xFD, 2, 0, 0)


def routed(host: str, port: int) -> bytes:
    """The tokens that send a login to another server."""
    content = struct.pack("<BHBHH", 20, 7 + 2 * len(host), 0, port, len(host)) + _ucs2(host)
    content += bytes(2)
    return _LOGIN_ACK + b"\xe3" + struct.pack("<H", len(content)) + content + DONE


def rows(name: str, count: str, *values: tuple[str, int]) -> bytes:
    """The tokens of rows with a text and a whole number each, under these two names."""
    described = struct.pack("<IHBH", 0, 8, 0xE7, 200) + bytes(5) + _short(name)
    described += struct.pack("<IHBB", 0, 8, 0x26, 8) + _short(count)
    made = b"\x81" + struct.pack("<H", 2) + described
    for text, number in values:
        made += b"\xd1" + struct.pack("<H", 2 * len(text)) + _ucs2(text)
        made += struct.pack("<Bq", 8, number)
    return made + DONE


def _ucs2(text: str) -> bytes:
    return text.encode("utf-16-le")


def _short(text: str) -> bytes:
    return bytes([len(text)]) + _ucs2(text)


def _packet(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBHI", kind, 1, 8 + len(content), 0) + content


def _message(read: Callable[[int], bytes]) -> bytes:
    """The content of the packets of one message."""
    content = b""
    while True:
        header = _exactly(read, 8)
        content += _exactly(read, struct.unpack_from(">H", header, 2)[0] - 8)
        if header[1] & 1:
            return content


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    whole = b""
    while len(whole) < size:
        data = read(size - len(whole))
        if not data:
            raise EOFError
        whole += data
    return whole


_LOGIN_ACK: Final = (
    b"\xad"
    + struct.pack("<H", 10 + 2 * 4)
    + b"\x01\x74\x00\x00\x04"
    + _short("pool")
    + bytes(4)
    + b"\xe3"
    + struct.pack("<H", 3 + 2 * 4)
    + b"\x01"
    + _short("pool")
    + b"\x00"
)
