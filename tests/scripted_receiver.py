"""A real HTTP(S) server on loopback that misbehaves exactly as it is told."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final, Self

_READ_BYTES: Final = 65536
_GRACE_S: Final = 10  # a test that goes wrong must end all the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it arrived; `connection` counts TCP connections from 1."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: int

    def header(self, name: str) -> str | None:
        """The value of a header, or None."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(slots=True)
class Peer:
    """The other end of one connection, for a behaviour to act on."""

    sock: socket.socket
    released: threading.Event
    request: Received

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self.sock.sendall(data)

    def reset(self) -> None:
        """Break the connection with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def pause(self, seconds: float) -> bool:
        """Wait; False when the test is over."""
        return not self.released.wait(seconds)


Behaviour = Callable[[Peer], bool | None]  # True keeps the connection open for the next request


def answer(
    status: int = 200, *, body: bytes = b"ok", headers: Sequence[tuple[str, str]] = ()
) -> Behaviour:
    """A well-formed answer that keeps the connection open."""

    def behave(peer: Peer) -> bool:
        lines = [f"HTTP/1.1 {status} Status", *(f"{name}: {value}" for name, value in headers)]
        if status not in (204, 304):
            lines.append(f"content-length: {len(body)}")
        head = "\r\n".join(lines) + "\r\n\r\n"
        peer.send(head.encode("latin-1") + (b"" if status in (204, 304) else body))
        return True

    return behave


def raw(data: bytes) -> Behaviour:
    """Exactly these bytes, then the end of the stream."""
    return lambda peer: peer.send(data)


def hang(first: bytes = b"") -> Behaviour:
    """These bytes, then silence."""

    def behave(peer: Peer) -> None:
        peer.send(first)
        peer.released.wait(_GRACE_S)

    return behave


def drip(first: bytes = b"", *, every_s: float = 0.01, piece: bytes = b"x") -> Behaviour:
    """These bytes, then a little for ever."""

    def behave(peer: Peer) -> None:
        peer.send(first)
        while peer.pause(every_s):
            peer.send(piece)

    return behave


def flood(first: bytes) -> Behaviour:
    """These bytes, then more as fast as they are taken, for ever."""

    def behave(peer: Peer) -> None:
        peer.send(first)
        while not peer.released.is_set():
            peer.send(b"y" * _READ_BYTES)

    return behave


def reset(first: bytes = b"") -> Behaviour:
    """These bytes, then RST."""

    def behave(peer: Peer) -> None:
        if first:
            peer.send(first)
            # Let them arrive: an RST overtakes data that is still on its way.
            peer.pause(0.05)
        peer.reset()

    return behave


@dataclass(slots=True, kw_only=True)
class ScriptedReceiver:
    """Serves on a free port until the `with` block ends.

    Each path has its script: its behaviours in turn, the last one again and again; paths without
    one answer 200. `greeting` is said before anything is asked; `hung_up` is set once a connection
    has been closed from here.
    """

    scripts: dict[str, list[Behaviour]] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    greeting: bytes = b""
    received: list[Received] = field(default_factory=list)
    names_asked: list[str | None] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    hung_up: threading.Event = field(default_factory=threading.Event)
    port: int = 0
    _listener: socket.socket = field(init=False)
    _threads: list[threading.Thread] = field(default_factory=list)
    _sockets: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        if self.tls is not None:
            self.tls.sni_callback = lambda _sock, name, _context: self.names_asked.append(name)
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        # `close` alone does not wake a thread that waits in `accept` or `recv`.
        for sock in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_GRACE_S)
        for sock in (self._listener, *self._sockets):
            sock.close()

    def url(self, path: str = "/") -> str:
        """The address of a path."""
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}{path}"

    def script(self, path: str, *behaviours: Behaviour) -> str:
        """Set what `path` does; its address."""
        self.scripts[path] = list(behaviours)
        return self.url(path)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        for number, sock in enumerate(self._connections(), start=1):
            self._start(lambda sock=sock, number=number: self._serve(sock, number))  # type: ignore[misc]

    def _connections(self) -> Iterator[socket.socket]:
        while not self.released.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.append(sock)
            yield sock

    def _serve(self, sock: socket.socket, number: int) -> None:
        # A client that hangs up in the middle is what most of these scripts are about.
        with contextlib.suppress(OSError, ValueError):
            if self.tls is not None:
                sock = self.tls.wrap_socket(sock, server_side=True)
                self._sockets.append(sock)
            sock.sendall(self.greeting)
            with sock, sock.makefile("rb") as stream:
                while (request := _read_request(stream, number)) is not None:
                    self.received.append(request)
                    behaviour = self._behaviour(request.target.partition("?")[0])
                    if not behaviour(Peer(sock, self.released, request)):
                        break
        self.hung_up.set()

    def _behaviour(self, path: str) -> Behaviour:
        script = self.scripts.get(path)
        if not script:
            return answer()
        return script.pop(0) if len(script) > 1 else script[0]


def _read_request(stream: BinaryIO, number: int) -> Received | None:
    readline = stream.readline
    first = readline().decode("latin-1").split()
    if len(first) != 3:
        return None
    headers = []
    while line := readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    length = next((int(v) for k, v in headers if k.lower() == "content-length"), 0)
    return Received(
        method=first[0],
        target=first[1],
        headers=tuple(headers),
        body=stream.read(length),
        connection=number,
    )
