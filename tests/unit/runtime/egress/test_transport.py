"""The names of faults: the receiver's, and ours."""

import errno
import ssl

import h11
import pytest

from runtime.egress.failures import EgressFailed
from runtime.egress.transport import IDLE_S, Key, Pool, failure_of


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (OSError(errno.EHOSTUNREACH, "no route to 10.1.2.3"), "unreachable"),
        (OSError(errno.ENETUNREACH, "no network for 10.1.2.3"), "unreachable"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "10.1.2.3 refused"), "connect_refused"),
        (ConnectionResetError(errno.ECONNRESET, "10.1.2.3 reset"), "reset"),
        (BrokenPipeError(errno.EPIPE, "10.1.2.3 broke"), "reset"),
        (ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "10.1.2.3 left"), "reset"),
    ],
)
def test_a_fault_of_the_receivers_has_a_code_and_never_its_address(
    problem: OSError, code: str
) -> None:
    """The system's own words name addresses, and a tenant reads the record."""
    failure = failure_of(problem, "connect")

    assert isinstance(failure, EgressFailed)
    assert failure.code == code
    assert "10.1.2.3" not in failure.message


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS])
def test_a_shortage_of_ours_is_no_fault_of_the_receivers(number: int) -> None:
    """It costs no attempt: the message comes again."""
    failure = failure_of(OSError(number, "short"), "connect")

    assert not isinstance(failure, EgressFailed)
    assert failure.code == "egress_unavailable"


class Line:
    """An open connection, as far as a pool cares."""

    def __init__(self) -> None:
        self.wire = h11.Connection(h11.CLIENT)
        self.usable = True
        self.closed = False

    def close(self) -> None:
        """End it."""
        self.closed = True


@pytest.mark.parametrize("asleep_s", [IDLE_S, 3600.0, -1.0])
def test_a_connection_from_before_a_sleep_is_not_used(asleep_s: float) -> None:
    """The receiver has said goodbye in the meantime, and would be blamed for it."""
    key: Key = ("https", "hooks.example.com", 443, "93.184.216.34", "")
    clock = [1000.0]
    pool: Pool[Line] = Pool(lambda: clock[0])
    line = Line()
    pool.give(key, line)
    clock[0] += asleep_s

    assert pool.take(key) is None
    assert line.closed


def test_a_connection_is_used_again_at_once() -> None:
    """A handshake costs more than the request."""
    key: Key = ("https", "hooks.example.com", 443, "93.184.216.34", "")
    pool: Pool[Line] = Pool(lambda: 1000.0)
    line = Line()
    pool.give(key, line)

    assert pool.take(key) is line
    assert pool.take(key) is None
