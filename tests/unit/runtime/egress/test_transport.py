"""The names of faults: the receiver's, and ours."""

import errno
import ssl

import pytest

from runtime.egress.failures import EgressFailed
from runtime.egress.transport import failure_of


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
