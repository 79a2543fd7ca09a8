"""What the flows share."""

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
    made = World(tmp_path)
    yield made
    made.close()
