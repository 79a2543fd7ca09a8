"""What every test gets: hypothesis profiles, no way out of this machine, no real cloud account."""

import gc
import ipaddress
import os
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.cloud import Cloud

# A shell's background job ignores Ctrl-C, and so would every process that a test starts from it.
signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile(
    "ci", max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


class LeftTheMachine(AssertionError):
    """A test tried to reach an address that is not loopback."""


def _refuse_the_network(event: str, args: tuple[Any, ...]) -> None:
    if event not in {"socket.connect", "socket.sendto"}:
        return
    address = args[1]
    if not isinstance(address, tuple):  # AF_UNIX: a path, on this machine by definition
        return
    host = str(address[0])
    try:
        inside = ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        inside = host in {"localhost", ""}
    if not inside:
        raise LeftTheMachine(f"tests stay on loopback; refused {host}")


# An audit hook sees C code and every library alike, and cannot be undone by a test.
sys.addaudithook(_refuse_the_network)


def pytest_collection_finish() -> None:
    """Spare the garbage collector what lasts to the end, and have it look at all else less often.

    It took a fifth of the time: each cloud of a test has models of services, a million objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 40)  # by default 700, 10, 10


@pytest.fixture(scope="session", autouse=True)
def _no_real_account() -> Iterator[None]:
    """Credentials of whoever runs the tests are taken away; the false ones reach nothing."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        patch.setenv("AWS_REGION", "eu-central-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
        # Our wire to AWS refuses to start where a proxy applies, and a developer may need one. The
        # spelling in lower case goes before the other.
        excepted = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
        patch.setenv("no_proxy", f"{excepted},amazonaws.com".lstrip(","))
        yield


@pytest.fixture
def cloud() -> Iterator["Cloud"]:
    """An empty account with our tables, queues, bus and key, in this process."""
    from tests.cloud import in_process

    with in_process() as account:
        yield account
