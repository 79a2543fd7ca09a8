"""A sandbox for tests that need no options of their own."""

from collections.abc import Iterator

import pytest

from sandbox.host import Sandbox


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    """One sandbox for a module's tests."""
    with Sandbox() as made:
        yield made
