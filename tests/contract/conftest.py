"""Every contract runs on an account in this process, and (marked e2e) on the local cloud."""

import os
from collections.abc import Iterator

import pytest

from tests import cloud as clouds
from tests.cloud import Cloud


@pytest.fixture(params=["in process", pytest.param("local cloud", marks=pytest.mark.e2e)])
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """An account with our tables, queues, bus and key."""
    if request.param == "in process":
        with clouds.in_process() as account:
            yield account
        return
    if clouds.ENDPOINT not in os.environ:
        pytest.skip(f"{clouds.ENDPOINT} names no local cloud")
    with clouds.on_local_cloud() as account:
        yield account
