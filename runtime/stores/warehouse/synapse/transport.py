"""The connection below TDS, encrypted by Python's own TLS, which checks the server's name.

TDS negotiates encryption in its first exchange (PRELOGIN) and wraps the handshake of TLS into
packets of its own. The driver leaves that to another library, with a check of host names that our
releases of it have no functions for. So it stands here: the driver is told that nothing is
encrypted, and all its bytes behind the first exchange go through TLS.
"""

import contextlib
import socket
import ssl
from typing import Any, Final

_PRELOGIN: Final = 0x12  # the type of a packet
_HEADER_BYTES: Final = 8
_LAST: Final = 0x01  # status: the last packet of a message
_ENCRYPTION: Final = 1  # an option of PRELOGIN
_NO_MORE_OPTIONS: Final = 0xFF
_OPTION_BYTES: Final = 5
_ON, _NOT_SUPPORTED, _REQUIRED = 1, 2, 3
_READ_BYTES: Final = 65_536


class LoginClosed(Exception):
    """The driver closed the connection before anybody was logged in.

    Its context is why. Without one, the server has sent the login elsewhere, or something that is
    not TDS.
    """


class Transport:
    """A socket, for the driver."""

    def __init__(self, sock: socket.socket, *, host: str, context: ssl.SSLContext) -> None:
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._is_encrypted = False
        self._first = b""  # what the driver has sent of its first packet
        self._answer = b""  # to the first packet, as far as the driver has not read it
        self._is_logging_in = True

    def logged_in(self) -> None:
        """From now on the driver may close the connection."""
        self._is_logging_in = False

    def sendall(self, data: Any, flags: int = 0) -> None:  # noqa: ARG002 - a socket's
        """Send all of it.

        Raises:
            OSError: the connection is broken, or (`ssl.SSLError`) the server is not who it should
                be, or does not encrypt.
        """
        if self._is_encrypted:
            self._tls.write(bytes(data))
            self._sock.sendall(self._outgoing.read())
            return
        self._first += bytes(data)
        if len(self._first) >= _HEADER_BYTES and len(self._first) >= _length(self._first):
            self._sock.sendall(_with_encryption(self._first, _ON)[0])
            answer, encryption = _with_encryption(self._packets(), _NOT_SUPPORTED)
            if encryption not in {_ON, _REQUIRED}:
                raise ssl.SSLError("the server does not encrypt")
            self._handshake()
            self._answer, self._is_encrypted = answer, True

    def recv(self, size: int, flags: int = 0) -> bytes:  # noqa: ARG002 - a socket's
        """At most so many bytes, and none at the end of the connection."""
        if self._answer:
            read, self._answer = self._answer[:size], self._answer[size:]
            return read
        while True:
            try:
                return self._tls.read(size)
            except ssl.SSLWantReadError:
                data = self._sock.recv(_READ_BYTES)
                if not data:
                    return b""
                self._incoming.write(data)
            except ssl.SSLZeroReturnError:
                return b""

    def recv_into(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        """As `recv`, into a buffer; returns how many bytes have come."""
        data = self.recv(size or len(buffer), flags)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the connection.

        Raises:
            LoginClosed: during the login. A server may send a login elsewhere, and the driver would
                dial that place next, which nobody has vetted, and send the password in the clear.
        """
        self._sock.close()
        if self._is_logging_in:
            self._is_logging_in = False
            raise LoginClosed

    def settimeout(self, timeout_s: float | None) -> None:
        """How long each call may take; None for as long as it takes."""
        self._sock.settimeout(timeout_s)

    def gettimeout(self) -> float | None:
        """How long each call may take."""
        return self._sock.gettimeout()

    def setsockopt(self, *option: Any) -> None:
        """Set an option of the socket."""
        self._sock.setsockopt(*option)

    def _handshake(self) -> None:
        while True:
            with contextlib.suppress(ssl.SSLWantReadError):
                self._tls.do_handshake()
                return
            if flight := self._outgoing.read():
                self._sock.sendall(_packet(flight))
            self._incoming.write(self._packets()[_HEADER_BYTES:])

    def _packets(self) -> bytes:
        """The server's next message: one header, and the content of all its packets."""
        whole = b""
        while True:
            header = self._exactly(_HEADER_BYTES)
            whole = (whole or header) + self._exactly(_length(header) - _HEADER_BYTES)
            if header[1] & _LAST:
                return whole

    def _exactly(self, size: int) -> bytes:
        read = b""
        while len(read) < size:
            data = self._sock.recv(size - len(read))
            if not data:
                raise ssl.SSLError("the server closed the connection")
            read += data
        return read


def tls_context(roots: str) -> ssl.SSLContext:
    """TLS 1.2, which is the only one that TDS wraps, for servers of these authorities.

    Args:
        roots: the file with their certificates, in PEM.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.load_verify_locations(roots)
    return context


def _length(packet: bytes) -> int:
    return int.from_bytes(packet[2:4], "big")


def _packet(content: bytes) -> bytes:
    length = _HEADER_BYTES + len(content)
    return bytes([_PRELOGIN, _LAST]) + length.to_bytes(2, "big") + bytes(4) + content


def _with_encryption(message: bytes, value: int) -> tuple[bytes, int]:
    """A PRELOGIN with another value for its encryption, and the value that it had."""
    changed, option = bytearray(message), _HEADER_BYTES
    while option < len(message) and message[option] != _NO_MORE_OPTIONS:
        if message[option] == _ENCRYPTION:
            place = _HEADER_BYTES + int.from_bytes(message[option + 1 : option + 3], "big")
            if place < len(message):
                changed[place] = value
                return bytes(changed), message[place]
        option += _OPTION_BYTES
    return message, _NOT_SUPPORTED
