"""What the flows of the warehouse share: a world of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from tests.warehouse import World


@pytest.fixture(scope="module")
def _aws() -> Iterator[None]:
    """One account for a file: making it anew for each test is what takes time."""
    with mock_aws():
        yield


@pytest.fixture
def world(tmp_path: Path, _aws: None) -> Iterator[World]:
    """An installation of its own: its bucket, table and warehouse have names of their own."""
    world = World(tmp_path)
    yield world
    world.close()
