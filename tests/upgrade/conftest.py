"""A receiver for installations that are upgraded, rolled back and rebuilt."""

from collections.abc import Iterator

import pytest

from tests.e2e.recorder import Recorder, recording


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A receiver."""
    with recording() as it:
        yield it
