"""What erasures are tried on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from tests import cloud as clouds
from tests.erasure_world import ADA, BOB
from tests.erasure_world import World as Installation
from tests.warehouse import World


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """An installation in which two people have left traces, which are loaded."""
    with clouds.in_process() as account:
        warehouse = World(tmp_path)
        installation = Installation(cloud=account, warehouse=warehouse)
        for person in (ADA, BOB):
            installation.live(person)
        installation.load()
        yield installation
        warehouse.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A raw log, a lake and a warehouse in which nothing is yet."""
    with mock_aws():
        world = World(tmp_path)
        yield world
        world.close()
