"""A sandbox for tests that need no options of their own."""

from collections.abc import Iterator

import pytest

from sandbox.engine_host import Options
from sandbox.host import Sandbox


@pytest.fixture(scope="module")
def dialect() -> Iterator[Sandbox]:
    """One sandbox of the dialect, for modules whose own `box` has each engine."""
    with Sandbox(Options(engine="restricted")) as made:
        yield made


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    """One sandbox of the dialect for a module's tests."""
    with Sandbox(Options(engine="restricted")) as made:
        yield made
