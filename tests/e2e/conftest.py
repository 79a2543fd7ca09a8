"""A local cloud for the end-to-end tests, apart from the developer's own, and who uses it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from cli._connection import Connection
from cli.client import Client
from infra.local import cloud
from infra.local.cloud import Options
from infra.local.place import ROOT, Place
from infra.local.state import LocalCloud
from tests.e2e.recorder import Recorder, recording

PRIVATE = Place(ROOT / ".local" / "e2e")
Penstock = Callable[..., Any]


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    """A folder for a cloud; whatever comes up in it is down again at the end."""
    try:
        yield PRIVATE
    finally:
        cloud.down(PRIVATE)


@pytest.fixture(scope="session")
def local_cloud(place: Place) -> LocalCloud:
    """The template, deployed; webhooks and functions may reach loopback."""
    cloud.down(place)  # of a session that was killed
    # One key makes the calls of many callers.
    options = Options(
        allow_local_http=True,
        parameters={"ApiCallsPerSecond": "10000", "ErasureSecondLookSeconds": "5"},
    )
    return cloud.up(options, place=place, say=_quiet)


@pytest.fixture(scope="session")
def api(local_cloud: LocalCloud) -> Iterator[Client]:
    """Its HTTP API, as the tenant."""
    to = Connection(url=local_cloud.api_url, key=local_cloud.api_key, origin="a test")
    with httpx.HTTPTransport() as transport:
        yield Client(to, transport=transport)


@pytest.fixture(scope="session")
def penstock(local_cloud: LocalCloud) -> Penstock:
    """Run a command as a user does; what it prints as JSON."""
    environment = {
        **os.environ,
        "PENSTOCK_API_URL": local_cloud.api_url,
        "PENSTOCK_API_KEY": local_cloud.api_key,
    }

    def run(*arguments: str, stdin: str = "") -> Any:
        done = subprocess.run(  # noqa: S603 - our own command, with the arguments of a test
            [sys.executable, "-m", "cli.main", *arguments, "--json"],
            cwd=ROOT,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert 0 == done.returncode, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    """A receiver."""
    with recording() as it:
        yield it


def _quiet(_line: str) -> None:
    """Pytest shows the logs of a cloud that does not come up, in the error."""
