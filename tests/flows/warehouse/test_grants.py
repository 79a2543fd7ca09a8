"""The first load of a fresh Redshift says what is missing, and the script grants just that."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.core.warehouse.grants import grants
from runtime.core.warehouse.plan import LoadState
from runtime.errors import PenstockError
from runtime.stores.warehouse.redshift.data_api import DataApi
from runtime.usecases.warehouse.check_grants import CheckGrants
from tests.builders import an_event
from tests.warehouse import LOADER, World
from tests.warehouse_records import a_sync


@pytest.fixture
def fresh(tmp_path: Path, _aws: None) -> Iterator[World]:
    """An installation whose warehouse has granted nothing to anybody."""
    world = World(tmp_path, grants_first=False)
    yield world
    world.close()


def missing(world: World) -> list[str]:
    """The statements that the loader still needs."""
    database = DataApi(client=world.admin, workgroup="penstock", database="penstock")
    return [each.statement for each in CheckGrants(database=database)(LOADER)]


def test_a_fresh_redshift_refuses_the_first_load_and_says_what_to_run(fresh: World) -> None:
    """Redshift makes a user of the role that loads, and grants it nothing."""
    fresh.syncs.add(a_sync())
    fresh.archive(an_event(id="a"))

    with pytest.raises(PenstockError, match="permission denied for database penstock") as refused:
        fresh.planner().sync_one("acme", "syn_1")

    assert refused.value.code == "permission"
    assert "`penstock syncs grants`" in refused.value.message
    (load,) = fresh.runs()
    assert load.error_code == "permission"
    assert "`penstock syncs grants`" in (load.error or "")


def test_after_the_script_the_same_load_goes_through(fresh: World) -> None:
    """Nothing but the grants was in its way, and it needs no other."""
    fresh.syncs.add(a_sync())
    fresh.archive(an_event(id="a"))
    with pytest.raises(PenstockError):
        fresh.planner().sync_one("acme", "syn_1")

    fresh.grant()  # the user is there by now, so `CREATE USER` is not among what is missing

    (load,) = fresh.planner().sync_one("acme", "syn_1")
    assert (load.state, fresh.ids()) == (LoadState.LOADED, ["a"])


def test_what_is_missing_is_found_grant_by_grant(fresh: World) -> None:
    """The doctor names what was forgotten, and not the whole script."""
    statements = [each.statement for each in grants(LOADER)]
    assert missing(fresh) == statements  # there is no user yet

    fresh.grant()
    assert missing(fresh) == []

    user = '"IAMR:loader"'
    database = DataApi(client=fresh.admin, workgroup="penstock", database="penstock")
    database.run([f"REVOKE CREATE ON DATABASE penstock FROM {user}"], wait_s=30)
    assert missing(fresh) == [f'GRANT CREATE ON DATABASE "penstock" TO {user}']
