"""What the flows of the warehouse share: a world of their own."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from tests import postgresql_server
from tests.postgresql_server import PostgresqlServer
from tests.postgresql_shop import Shop
from tests.warehouse import World

_databases = itertools.count()


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


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A real server, one for all tests that ask for it."""
    programs = postgresql_server.programs()
    if programs is None:
        oldest = postgresql_server.OLDEST
        pytest.skip(f"NOT TESTED: PostgreSQL {oldest} or newer; `apt-get install postgresql`")
    with postgresql_server.running(programs) as server:
        yield server


@pytest.fixture
def database(postgresql: PostgresqlServer) -> str:
    """An empty database of this server."""
    return postgresql.create_database(f"db_{next(_databases)}")


@pytest.fixture
def shop(world: World, postgresql: PostgresqlServer, database: str, tmp_path: Path) -> Shop:
    """A world whose sync loads into a database of its own."""
    return Shop(world, postgresql, database, tmp_path)
