"""Every contract runs on an account in this process, and on emulators.

Marked `e2e` it runs on the local cloud's; marked `emulators` on Amazon's DynamoDB Local and on
ElasticMQ. On each it runs twice: by our own wire to DynamoDB and SQS, and by botocore's.
"""

from collections.abc import Iterator

import pytest

from tests import cloud as clouds
from tests.cloud import Cloud
from tests.emulators import servers
from tests.emulators.servers import Others


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """The local cloud's emulator with nothing deployed: its address."""
    with clouds.emulator("contract") as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def others() -> Iterator[Others]:
    """DynamoDB Local and ElasticMQ."""
    with servers.others() as where:
        yield where


@pytest.fixture(
    params=[
        "in process",
        pytest.param("local cloud", marks=pytest.mark.e2e),
        pytest.param("others", marks=pytest.mark.emulators),
    ]
)
def where(request: pytest.FixtureRequest) -> str:
    """Where the account is."""
    return str(request.param)


@pytest.fixture(params=["direct", "botocore"])
def cloud(where: str, request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """An account with our tables, queues, bus and key."""
    if where == "in process":
        with clouds.in_process(request.param) as account:
            yield account
        return
    if where == "others":
        with servers.on_others(request.getfixturevalue("others"), request.param) as account:
            yield account
        return
    with clouds.on_local_cloud(request.getfixturevalue("emulator"), request.param) as account:
        yield account
