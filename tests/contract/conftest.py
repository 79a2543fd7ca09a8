"""Every contract runs on an account in this process, and (marked e2e) on the local emulator."""

import shutil
from collections.abc import Iterator

import pytest

from infra.local.emulator import start_ministack
from infra.local.place import ROOT, Place
from infra.local.processes import stop
from tests import cloud as clouds
from tests.cloud import Cloud


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """The local cloud's emulator with nothing deployed: its address."""
    place = Place(ROOT / ".local" / "contract")
    place.prepare()
    running, endpoint = start_ministack(place)
    try:
        yield endpoint
    finally:
        stop(running)
        shutil.rmtree(place.root)


@pytest.fixture(params=["in process", pytest.param("local cloud", marks=pytest.mark.e2e)])
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """An account with our tables, queues, bus and key."""
    if request.param == "in process":
        with clouds.in_process() as account:
            yield account
        return
    with clouds.on_local_cloud(request.getfixturevalue("emulator")) as account:
        yield account
