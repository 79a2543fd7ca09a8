"""What both clients share: trust, the pool of open connections, the watch, the names of faults."""

import errno
import select
import ssl
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

import certifi
import h11

from runtime.egress.answer import Timing
from runtime.egress.failures import EgressFailed
from runtime.errors import PenstockError, Transient
from runtime.freshness import is_fresh

if TYPE_CHECKING:
    from runtime.egress.exchange import Exchange

# Below the 5 s after which Node servers hang up. A frozen Lambda sleeps through the receiver's FIN
# and would blame the receiver for the reset; no request is ever sent twice to find out.
IDLE_S: Final = 4.0
MAX_IDLE: Final = 128  # of all receivers together; a Lambda has 1,024 file descriptors
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
_RESET: Final = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED})
_HUNG_UP: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError)


@cache
def trust() -> ssl.SSLContext:
    """`new_trust`, made once."""
    return new_trust()


def new_trust() -> ssl.SSLContext:
    """The public certificate authorities, under the rules of `new_context`."""
    context = new_context()
    context.load_verify_locations(certifi.where())
    return context


def new_context() -> ssl.SSLContext:
    """TLS 1.2 and later, names checked, HTTP/1.1, and no authority trusted yet.

    Not `ssl.create_default_context`: that writes session keys where SSLKEYLOGFILE says.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # RFC 9110 4.3.4: the host is compared with the subject's alternative names, and a certificate
    # without them is refused. A common name may hold anything.
    context.hostname_checks_common_name = False
    # In TLS 1.2 a server may ask for another handshake in the middle of its answer. Each costs us
    # the CPU of a new connection, and it may ask without end.
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context


_CONNECTING: Final = frozenset({"dns", "connect", "tls"})


class Watch:
    """Which part of a request is under way, how long the parts took, and how long is left.

    Args:
        deadline_s: for the whole request.
        connect_s: for name, connection and TLS together, where that is less.
        idle_s: for each wait after that, where that is less.
        clock: seconds.
    """

    def __init__(
        self,
        deadline_s: float,
        *,
        connect_s: float | None = None,
        idle_s: float | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.deadline_s = deadline_s
        self._connect_s = deadline_s if connect_s is None else min(connect_s, deadline_s)
        self._idle_s = deadline_s if idle_s is None else min(idle_s, deadline_s)
        self.phase = "dns"
        self.reused = False
        self.exchange: Exchange | None = None  # once the request is under way
        self._clock = clock
        self._began = self._lap = clock()
        self._laps = {"dns": 0.0, "connect": 0.0, "tls": 0.0, "first_byte": 0.0}

    @property
    def left_s(self) -> float:
        """How long may be waited now; 0 when the deadline has passed."""
        passed_s = self._clock() - self._began
        if self.phase in _CONNECTING:
            return max(0.0, self._connect_s - passed_s)
        return max(0.0, min(self.deadline_s - passed_s, self._idle_s))

    def lap(self, part: str) -> None:
        """`part` ends now; it began when the one before it ended."""
        now = self._clock()
        self._laps[part] = (now - self._lap) * 1000
        self._lap = now

    def total(self) -> Timing:
        """The timing up to now."""
        laps = self._laps
        return Timing(
            dns_ms=laps["dns"],
            connect_ms=laps["connect"],
            tls_ms=laps["tls"],
            first_byte_ms=laps["first_byte"],
            total_ms=(self._clock() - self._began) * 1000,
            reused=self.reused,
        )

    def explain(self, problem: PenstockError) -> PenstockError:
        """`problem` with what is known of its circumstances."""
        if isinstance(problem, EgressFailed):
            problem.timing = self.total()
            problem.heard = None if self.exchange is None else self.exchange.heard(problem.timing)
        return problem

    def timed_out(self) -> EgressFailed:
        """The failure of the phase that the deadline fell into."""
        limit_s = self._connect_s if self.phase in _CONNECTING else self._idle_s
        within = f"within {limit_s:.3g} s"
        match self.phase:
            case "dns":
                return EgressFailed("dns_timeout", f"the host name did not resolve {within}")
            case "connect":
                return EgressFailed("connect_timeout", f"the receiver did not connect {within}")
            case "tls":
                return EgressFailed("timeout", f"the TLS handshake did not end {within}")
            case "send":
                return EgressFailed("timeout", f"the receiver did not answer {within}")
            case _:
                return EgressFailed("timeout", f"the answer did not end {within}")


def failure_of(problem: OSError, phase: str) -> PenstockError:
    """The socket's complaint in our words; our own shortage is never the receiver's fault."""
    if problem.errno in _EXHAUSTED:
        return Transient(f"this machine is short of sockets: {problem}", code="egress_unavailable")
    if isinstance(problem, ssl.SSLError) and not isinstance(problem, _HUNG_UP):
        return _tls_failure(problem)
    if problem.errno == errno.ECONNREFUSED:
        return EgressFailed("connect_refused", "the receiver refused the connection")
    if problem.errno in _RESET or isinstance(problem, (ConnectionError, *_HUNG_UP)):
        during = "during the TLS handshake" if phase == "tls" else "before its answer was complete"
        return EgressFailed("reset", f"the receiver broke the connection {during}")
    return EgressFailed("unreachable", "there is no route to the receiver")


def _tls_failure(problem: ssl.SSLError) -> EgressFailed:
    if isinstance(problem, ssl.SSLCertVerificationError):
        reason = problem.verify_message or "certificate not valid"
        return EgressFailed("tls_error", f"the receiver's certificate is refused: {reason}")
    reason = (problem.reason or "handshake failed").replace("_", " ").lower()
    return EgressFailed("tls_error", f"TLS with the receiver failed: {reason}")


class Link(Protocol):
    """An open connection to one address, and the state of HTTP on it."""

    wire: h11.Connection

    @property
    def usable(self) -> bool:
        """Whether another request may go over it."""
        ...

    def close(self) -> None:
        """Give the socket back; closing twice is fine."""
        ...


L = TypeVar("L", bound=Link)
Key = tuple[str, str, int, str, str]  # scheme, host, port, address, who we are there


class Pool(Generic[L]):
    """Idle connections by receiver and address: one tenant's certificate is never another's."""

    def __init__(self, seconds: Callable[[], float] = time.time) -> None:
        self._seconds = seconds
        self._idle: dict[Key, list[tuple[float, L]]] = {}
        self._count = 0

    def take(self, key: Key) -> L | None:
        """An open connection, the warmest first; None when there is none."""
        idle = self._idle.get(key, [])
        while idle:
            kept_at_s, link = idle.pop()
            self._count -= 1
            if is_fresh(kept_at_s, now_s=self._seconds(), for_s=IDLE_S) and link.usable:
                return link
            link.close()
        self._idle.pop(key, None)
        return None

    def give(self, key: Key, link: L) -> None:
        """Keep `link` for the next request to the same receiver."""
        if self._count >= MAX_IDLE:
            self.close()
        self._idle.setdefault(key, []).append((self._seconds(), link))
        self._count += 1

    def close(self) -> None:
        """Close everything idle."""
        for idle in self._idle.values():
            for _, link in idle:
                link.close()
        self._idle.clear()
        self._count = 0


def is_quiet(descriptor: int) -> bool:
    """Whether an idle socket is still open: on an idle one, anything to read means it is over."""
    if descriptor < 0:
        return False
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return not poll.poll(0)
