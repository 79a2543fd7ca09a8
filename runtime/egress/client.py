"""Outbound HTTP that reaches only what it may, ends when it must, and says how it went.

Resolve once, judge the whole answer, dial the judged address with the name as SNI and Host, follow
no redirect, know no proxy, and hold DNS, connect, TLS, headers and body to one deadline. `Egress`
and `SyncEgress` differ only in how they wait; `flow` decides for both.
"""

import asyncio
import socket
import ssl
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from runtime.egress import flow, transport, urls
from runtime.egress.answer import Answer
from runtime.egress.exchange import MAX_ANSWER_BYTES, Request, check_headers, new_wire
from runtime.egress.failures import EgressFailed, EgressRefused
from runtime.egress.flow import Connect, Errand, Receive, Resolve, Secure, Send, Step
from runtime.egress.identity import Identity
from runtime.egress.policy import EgressPolicy
from runtime.egress.resolver import Resolver
from runtime.egress.transport import Link, Pool, Watch
from runtime.egress.urls import Target

__all__ = ["Answer", "Egress", "Request", "SyncEgress"]
MAX_IDENTITIES: Final = 64  # contexts kept; each holds a copy of all authorities, half a megabyte
L = TypeVar("L", bound=Link)
_READ_BYTES: Final = 64 * 1024


class _Common(Generic[L]):
    """What both clients share: whom they may reach, and what a request needs on its way."""

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        resolver: Resolver | None = None,
        trust: Callable[[], ssl.SSLContext] = transport.trust,
        new_trust: Callable[[], ssl.SSLContext] = transport.new_trust,
    ) -> None:
        self._policy = policy
        self._resolver = resolver or Resolver(policy)
        self._trust = trust
        self._new_trust = new_trust
        self._pool: Pool[L] = Pool()
        self._known: OrderedDict[str, ssl.SSLContext] = OrderedDict()

    def vet(self, url: str, *, deadline_s: float = 5.0) -> Target:
        """Check a URL that somebody wants to register, name and all.

        Raises:
            EgressRefused: as `urls.check`, or `blocked_address` or `dns_failure`.
            EgressFailed: `dns_timeout`: ask again.
        """
        target = urls.check(url, self._policy)
        try:
            self._resolver.resolve(target, deadline_s=deadline_s)
        except EgressFailed as problem:
            if problem.code == "dns_timeout":
                raise
            raise EgressRefused(problem.code, problem.message) from problem
        return target

    def _errand(self, request: Request, *, watch: Watch, max_answer_bytes: int) -> Errand[L]:
        check_headers(request)  # before anything is looked up or dialled
        return Errand(
            request=request,
            target=urls.check(request.url, self._policy),
            watch=watch,
            pool=self._pool,
            max_answer_bytes=max_answer_bytes,
        )

    def _context(self, target: Target, identity: Identity | None) -> ssl.SSLContext | None:
        if target.scheme != "https":
            return None
        return self._trust() if identity is None else self._identified(identity)

    def _identified(self, identity: Identity) -> ssl.SSLContext:
        """A context of its own for each certificate: one shared would show it to everybody."""
        name = identity.fingerprint
        if name not in self._known:
            context = self._new_trust()
            identity.put_into(context)
            self._known[name] = context
            while len(self._known) > MAX_IDENTITIES:
                self._known.popitem(last=False)
        self._known.move_to_end(name)
        return self._known[name]


class _Socket:
    """A blocking connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.wire = new_wire()

    @property
    def usable(self) -> bool:
        return transport.is_quiet(self.sock.fileno())

    def close(self) -> None:
        self.sock.close()


class SyncEgress(_Common[_Socket]):
    """The blocking client. One per thread: its pool is not shared between threads."""

    def send(
        self,
        request: Request,
        *,
        deadline_s: float,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        connect_s: float | None = None,
        idle_s: float | None = None,
    ) -> Answer:
        """The answer to `request`, whatever its status.

        Args:
            request: what to send.
            deadline_s: for all of it.
            max_answer_bytes: of the answer's body; the rest is left unread.
            connect_s: until the connection stands, where that is less.
            idle_s: for each wait after that, where that is less.

        Raises:
            EgressRefused: the policy forbids it; nothing was sent.
            EgressFailed: no complete answer in time.
        """
        watch = Watch(deadline_s, connect_s=connect_s, idle_s=idle_s)
        errand = self._errand(request, watch=watch, max_answer_bytes=max_answer_bytes)
        steps = flow.run(errand)
        try:
            step = next(steps)
            while True:
                try:
                    result = self._perform(step, errand.watch.left_s)
                except (OSError, EgressFailed) as problem:
                    step = steps.throw(problem)
                else:
                    step = steps.send(result)
        except StopIteration as done:
            answer: Answer = done.value
            return answer

    def close(self) -> None:
        """Close idle connections."""
        self._pool.close()

    def _perform(self, step: Step[_Socket], left_s: float) -> Any:
        if left_s <= 0:
            if isinstance(step, Secure):
                step.raw.close()
            raise TimeoutError
        match step:
            case Resolve(target):
                return self._resolver.resolve(target, deadline_s=left_s)
            case Connect(address, port, limit_s):
                sock = socket.create_connection((address, port), timeout=min(limit_s, left_s))
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return sock
            case Secure(raw):
                return self._secure(step, raw, left_s)
            case Send(link, data):
                link.sock.settimeout(left_s)
                _send_all(link.sock, data)
                return None
            case Receive(link):
                link.sock.settimeout(left_s)
                return link.sock.recv(_READ_BYTES)

    def _secure(self, step: Secure, raw: socket.socket, left_s: float) -> _Socket:
        try:
            context = self._context(step.target, step.identity)
            if context is None:
                return _Socket(raw)
            raw.settimeout(left_s)
            return _Socket(context.wrap_socket(raw, server_hostname=step.target.host))
        except (OSError, EgressRefused):
            raw.close()
            raise


def _send_all(sock: socket.socket, data: bytes) -> None:
    try:
        sock.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        # The receiver may have answered and hung up before it read everything: see what it said.
        return


class _Stream(asyncio.Protocol):
    """An event loop's connection."""

    def __init__(self) -> None:
        self.wire = new_wire()
        self._transport: asyncio.Transport | None = None
        self._chunks: list[bytes] = []
        self._ended = False
        self._problem: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows asyncio's own type
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        if self._waiter is None and self._transport is not None:
            # No request waits for these bytes. Whoever floods an idle connection is made to wait,
            # so that it cannot fill our memory.
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._problem = exc
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def write(self, data: bytes) -> None:
        """Hand `data` to the transport; it buffers what the receiver does not take yet."""
        if self._transport is not None:
            self._transport.write(data)

    async def read(self) -> bytes:
        """The next bytes; empty at the end."""
        if not self._chunks and not self._ended and self._transport is not None:
            self._transport.resume_reading()
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if self._chunks:
            data = b"".join(self._chunks)
            self._chunks.clear()
            return data
        if self._problem is not None:
            raise self._problem
        return b""

    @property
    def usable(self) -> bool:
        if self._ended or self._chunks or self._transport is None:
            return False
        return transport.is_quiet(self._transport.get_extra_info("socket").fileno())

    def close(self) -> None:
        # Not `close`: on TLS that would wait for the receiver's goodbye.
        if self._transport is not None:
            self._transport.abort()


class Egress(_Common[_Stream]):
    """The client for an event loop; many requests at once, one loop for all its life."""

    async def send(
        self, request: Request, *, deadline_s: float, max_answer_bytes: int = MAX_ANSWER_BYTES
    ) -> Answer:
        """The answer to `request`, whatever its status.

        Raises:
            EgressRefused: the policy forbids it; nothing was sent.
            EgressFailed: no complete answer within `deadline_s`.
        """
        watch = Watch(deadline_s)
        errand = self._errand(request, watch=watch, max_answer_bytes=max_answer_bytes)
        steps = flow.run(errand)
        try:
            async with asyncio.timeout(deadline_s):
                step = next(steps)
                while True:
                    try:
                        result = await self._perform(step, errand.watch.left_s)
                    except (OSError, EgressFailed) as problem:
                        step = steps.throw(problem)
                    else:
                        step = steps.send(result)
        except StopIteration as done:
            answer: Answer = done.value
            return answer
        except TimeoutError as problem:
            raise errand.watch.explain(errand.watch.timed_out()) from problem
        finally:
            steps.close()

    def close(self) -> None:
        """Close idle connections; their loop finishes the job in its next turn."""
        self._pool.close()

    async def _perform(self, step: Step[_Stream], left_s: float) -> Any:
        match step:
            case Resolve(target):
                return await self._resolver.resolve_async(target, deadline_s=left_s)
            case Connect(address, port, limit_s):
                return await _connect(address, port, min(limit_s, left_s))
            case Secure(raw):
                return await self._secure(step, raw)
            case Send(link, data):
                link.write(data)
                return None
            case Receive(link):
                return await link.read()

    async def _secure(self, step: Secure, raw: socket.socket) -> _Stream:
        try:
            context = self._context(step.target, step.identity)
        except EgressRefused:
            raw.close()
            raise
        # From here on the loop owns the socket, and closes it when the handshake fails or the
        # deadline cancels it; closing it here too would close whoever gets its number next.
        _, stream = await asyncio.get_running_loop().create_connection(
            _Stream,
            sock=raw,
            ssl=context,
            server_hostname=step.target.host if context is not None else None,
        )
        return stream


async def _connect(address: str, port: int, limit_s: float) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(limit_s):
            await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:  # also when the deadline cancels: the socket must not leak
        sock.close()
        raise
    return sock
