"""What the flows share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from tests.warehouse import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An installation of its own."""
    with mock_aws():
        made = World(tmp_path)
        yield made
        made.close()
