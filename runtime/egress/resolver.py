"""From a name to addresses we may dial: looked up once, judged whole, and kept for a while.

What is dialled is what was judged, so an answer that changes afterwards changes nothing.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from threading import Lock
from typing import Final

from runtime.egress.addresses import is_loopback, is_public
from runtime.egress.failures import EgressFailed
from runtime.egress.policy import EgressPolicy
from runtime.egress.urls import Target
from runtime.errors import PenstockError, Transient
from runtime.freshness import is_fresh

CACHE_S: Final = 30.0  # getaddrinfo hides the record's TTL; a moved receiver is found within this
MAX_CACHED: Final = 4096
MAX_DIALLED: Final = 4  # of a long answer, try no more than these
LOOKUP_THREADS: Final = 64  # getaddrinfo cannot be interrupted: a hung one costs a thread, no more

Lookup = Callable[[str, int], Sequence[str]]


def look_up(host: str, port: int) -> Sequence[str]:
    """The system's answer, in the system's order of preference.

    Raises:
        OSError: there is none.
    """
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return tuple(dict.fromkeys(str(row[4][0]) for row in rows))


def vet(target: Target, addresses: Sequence[str], policy: EgressPolicy) -> tuple[str, ...]:
    """The addresses to dial, in order.

    One forbidden address among public ones condemns them all: whoever mixes them is probing.

    Raises:
        EgressFailed: `blocked_address`, without saying which; `dns_failure` for an empty answer.
    """
    if not addresses:
        raise EgressFailed("dns_failure", f"{target.host} has no address")
    if policy.is_local(target.host) and all(map(is_loopback, addresses)):
        return tuple(sorted(addresses, key=lambda ip: ":" in ip))
    if not all(map(is_public, addresses)):
        raise EgressFailed(
            "blocked_address", f"{target.host} resolves to an address that is not public"
        )
    return tuple(addresses[:MAX_DIALLED])


class Resolver:
    """Looks names up under a time limit; the same name asked twice at once is looked up once."""

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        lookup: Lookup = look_up,
        seconds: Callable[[], float] = time.time,
        cache_s: float = CACHE_S,
    ) -> None:
        self._policy = policy
        self._lookup = lookup
        self._seconds = seconds
        self._cache_s = cache_s
        self._cached: dict[tuple[str, int], tuple[float, tuple[str, ...]]] = {}
        self._asking: dict[tuple[str, int], Future[Sequence[str]]] = {}
        self._lock = Lock()
        self._threads: ThreadPoolExecutor | None = None

    def resolve(self, target: Target, *, deadline_s: float) -> tuple[str, ...]:
        """Vetted addresses of `target`.

        Raises:
            EgressFailed: dns_failure, dns_timeout or blocked_address.
        """
        addresses = self._known(target)
        if addresses is not None:
            return addresses
        try:
            return self._judge(target, self._ask(target).result(max(deadline_s, 0)))
        except FutureTimeout as problem:
            raise _timed_out(target) from problem
        except OSError as problem:
            raise _no_answer(target, problem) from problem

    async def resolve_async(self, target: Target, *, deadline_s: float) -> tuple[str, ...]:
        """As `resolve`, without holding up the event loop."""
        addresses = self._known(target)
        if addresses is not None:
            return addresses
        try:
            # Shielded: others may be waiting for the same answer.
            answer = asyncio.shield(asyncio.wrap_future(self._ask(target)))
            async with asyncio.timeout(max(deadline_s, 0)):
                return self._judge(target, await answer)
        except TimeoutError as problem:
            raise _timed_out(target) from problem
        except OSError as problem:
            raise _no_answer(target, problem) from problem

    def _known(self, target: Target) -> tuple[str, ...] | None:
        if self._policy.is_local(target.host) and target.host != "localhost":
            return (target.host,)
        known_at_s, addresses = self._cached.get((target.host, target.port), (0.0, ()))
        fresh = is_fresh(known_at_s, now_s=self._seconds(), for_s=self._cache_s)
        return addresses if addresses and fresh else None

    def _judge(self, target: Target, answer: Sequence[str]) -> tuple[str, ...]:
        addresses = vet(target, answer, self._policy)
        with self._lock:
            if len(self._cached) >= MAX_CACHED:
                self._cached.clear()
            self._cached[target.host, target.port] = (self._seconds(), addresses)
        return addresses

    def _ask(self, target: Target) -> Future[Sequence[str]]:
        key = (target.host, target.port)
        with self._lock:
            asking = self._asking.get(key)
            if asking is None:
                if len(self._asking) >= LOOKUP_THREADS:
                    # Queueing behind somebody's hanging names would blame this one for the wait.
                    raise Transient("every lookup thread hangs", code="egress_unavailable")
                if self._threads is None:
                    self._threads = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="dns")
                asking = self._threads.submit(self._lookup, target.host, target.port)
                self._asking[key] = asking
        asking.add_done_callback(lambda _: self._asking.pop(key, None))
        return asking


def _timed_out(target: Target) -> EgressFailed:
    return EgressFailed("dns_timeout", f"looking up {target.host} took too long; try again")


def _no_answer(target: Target, problem: OSError) -> PenstockError:
    if problem.errno in (socket.EAI_SYSTEM, socket.EAI_MEMORY):
        return Transient(f"this machine cannot look names up: {problem}", code="egress_unavailable")
    if problem.errno == socket.EAI_AGAIN:
        return EgressFailed("dns_failure", f"the name servers of {target.host} do not answer")
    return EgressFailed("dns_failure", f"{target.host} does not resolve")
