"""One request from name to answer as a generator: it yields what to wait for, and does no I/O.

Both clients drive it, so resolving, dialling, pooling, timing and naming faults are decided once.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from runtime.egress.answer import Answer
from runtime.egress.exchange import Exchange, Request
from runtime.egress.failures import EgressFailed
from runtime.egress.identity import Identity
from runtime.egress.transport import Key, Link, Pool, Watch, failure_of
from runtime.egress.urls import Target

L = TypeVar("L", bound=Link)


@dataclass(frozen=True, slots=True)
class Resolve:
    """Wait for the vetted addresses of `target`; answered with a tuple of them."""

    target: Target


@dataclass(frozen=True, slots=True)
class Connect:
    """Wait for a TCP connection to `address`, at most `limit_s`; answered with a raw socket."""

    address: str
    port: int
    limit_s: float


@dataclass(frozen=True, slots=True)
class Secure:
    """Wait for TLS (if the target wants it) on the raw socket; answered with a link."""

    raw: Any
    target: Target
    identity: Identity | None


@dataclass(frozen=True, slots=True)
class Send(Generic[L]):
    """Wait until `data` is on its way."""

    link: L
    data: bytes


@dataclass(frozen=True, slots=True)
class Receive(Generic[L]):
    """Wait for bytes; answered with them, empty at the end of the stream."""

    link: L


Step = Resolve | Connect | Secure | Send[L] | Receive[L]
Flow = Generator[Step[L], Any, Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand(Generic[L]):
    """Everything that one request needs to know."""

    request: Request
    target: Target
    watch: Watch
    pool: Pool[L]
    max_answer_bytes: int


def run(errand: Errand[L]) -> Flow[L]:
    """Make the request.

    Raises:
        EgressFailed: with the timing, and with what had come of the answer.
    """
    watch = errand.watch
    try:
        return (yield from _request(errand))
    except TimeoutError as problem:
        raise watch.explain(watch.timed_out()) from problem
    except OSError as problem:
        raise watch.explain(failure_of(problem, watch.phase)) from problem
    except EgressFailed as problem:
        raise watch.explain(problem) from None


def _request(errand: Errand[L]) -> Flow[L]:
    watch = errand.watch
    addresses = yield Resolve(errand.target)
    watch.lap("dns")
    link, key = yield from _open(errand, addresses)
    keep = False
    try:
        exchange = Exchange(link.wire, max_answer_bytes=errand.max_answer_bytes)
        watch.exchange = exchange
        watch.phase = "send"
        yield Send(link, exchange.outgoing(errand.request, errand.target))
        data = yield Receive(link)
        watch.lap("first_byte")
        watch.phase = "receive"
        while not exchange.feed(data):
            data = yield Receive(link)
        keep = exchange.recycle()
        return exchange.answer(watch.total())
    finally:
        if keep:
            errand.pool.give(key, link)
        else:
            link.close()


def _open(errand: Errand[L], addresses: tuple[str, ...]) -> Generator[Step[L], Any, tuple[L, Key]]:
    target, watch = errand.target, errand.watch
    identity = errand.request.identity
    who = "" if identity is None else identity.fingerprint
    keys: list[Key] = [(target.scheme, target.host, target.port, ip, who) for ip in addresses]
    for key in keys:
        link = errand.pool.take(key)
        if link is not None:
            watch.reused = True
            return link, key
    watch.phase = "connect"
    raw, key = yield from _dial(errand, keys)
    watch.lap("connect")
    watch.phase = "tls"
    link = yield Secure(raw, target, identity)
    watch.lap("tls")
    return link, key


def _dial(errand: Errand[L], keys: list[Key]) -> Generator[Step[L], Any, tuple[Any, Key]]:
    """Try each address in turn; a dead one may use half of what is left, the last one all."""
    for key in keys[:-1]:
        limit_s = errand.watch.left_s / 2
        try:
            return (yield Connect(key[3], key[2], limit_s)), key
        except OSError:  # the next address decides; the last one's failure is the one told
            continue
    last = keys[-1]
    return (yield Connect(last[3], last[2], errand.watch.left_s)), last
