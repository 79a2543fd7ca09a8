"""One account for all machines of a file; each plays as a tenant of its own."""

from collections.abc import Iterator

import pytest

from tests import cloud as clouds
from tests.cloud import Cloud


@pytest.fixture(scope="module")
def account() -> Iterator[Cloud]:
    """An account in this process."""
    with clouds.in_process() as cloud:
        yield cloud
