"""One story with everything that may happen to rows; each of them ends as it must."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.warehouse.selection import PromotedColumn, PromotedType, Selection
from runtime.core.warehouse.sync import DestinationKind, Sync
from runtime.errors import PenstockError
from runtime.usecases.warehouse.load_sql import LoadSql
from runtime.usecases.warehouse.load_staged import LoadStaged
from tests.builders import a_profile, an_event
from tests.planner_deaths import Death, Killed, Stall
from tests.warehouse import World
from tests.warehouse_records import a_sync

SUBMIT = "BatchExecuteStatement"
VALUE = PromotedColumn(table="events", name="value", type=PromotedType.NUMBER, path="value")


def test_every_kind_of_row_ends_as_it_must(world: World) -> None:
    """Doubled, loaded again, redelivered, late, promoted, merged, erased, and of an old file."""
    sync = world.syncs.add(a_sync())
    world.archive(_event("first", of="bob"))
    world.planner().sync_one("acme", "syn_1")

    _load_the_same_file_twice(world)
    assert world.ids() == ["first", "twice"]

    late = _event("late", of="bob", occurred_at="2026-11-13T00:00:00.000Z")
    world.archive(_event("twice", of="ada"), late)  # one is redelivered, one happened a week ago
    world.planner().sync_one("acme", "syn_1")
    assert world.ids() == ["first", "late", "twice"]

    _load_an_old_file_behind_all_changes(world, sync)
    world.archive(_event("twice", of="ada"))  # one more copy, of somebody who is erased
    world.planner().sync_one("acme", "syn_1")
    rows = world.query("SELECT id, profile_id, value FROM penstock_acme.events ORDER BY id")
    assert rows == [
        _row("first", None),
        _row("late", None),
        _row("new-bob", 7.0),
        _row("old-bob", 7.0),  # the load that was planned again has the column
    ]
    assert world.query("SELECT profile_id, merged_into FROM penstock_acme.profile_merges") == [
        {"profile_id": "bob", "merged_into": "bea"}
    ]
    assert world.query("SELECT profile_id FROM penstock_acme._erasures") == [{"profile_id": "ada"}]


def _load_the_same_file_twice(world: World) -> None:
    """The planner dies when it has submitted a load, and its token has expired when the next comes.

    Only `_loads` knows then that the load has happened. The file has an event twice.
    """
    world.archive(_event("twice", of="ada"), _event("twice", of="ada"))
    with pytest.raises(Killed):
        world.planner(Death(at=1, after_effect=True, of=SUBMIT)).sync_one("acme", "syn_1")
    world.death = None
    world.pass_time(hours=60)
    world.planner().sync_one("acme", "syn_1")


def _load_an_old_file_behind_all_changes(world: World, sync: Sync) -> None:
    """A planner has staged a load and stands still; meanwhile all else changes; then it submits.

    A column is promoted, somebody is merged, and somebody is erased whose event the file holds. The
    load is planned again with the column, and what the first planner has staged is deleted: so the
    old file, which has the erased person and lacks the column, can be loaded by nobody.
    """
    world.archive(_event("old-ada", of="ada"), _event("old-bob", of="bob"))
    stall = Stall(at=1, of=SUBMIT)
    with ThreadPoolExecutor(1) as aside:
        stalled = aside.submit(_sync, world, stall)
        assert stall.stands.wait(timeout=60)
        world.pass_time(minutes=17)  # its lease runs out
        promoting = world.syncs.add(replace(sync, selection=Selection(columns=(VALUE,))))
        world.archive(_event("new-bob", of="bob"))
        world.archive_profiles(a_profile(id="bob", merged_into="bea"), a_profile(id="bea"))
        world.planner(stall).sync_one("acme", "syn_1")
        assert {"old-ada", "old-bob", "new-bob"} <= set(world.ids())
        _erase(world, promoting, "ada")
        stall.go_on.set()
        assert stalled.result() == "lease_lost"
    world.death = None
    api = world.client("redshift-data")
    ended = [
        api.describe_statement(Id=each["Id"], WaitTimeSeconds=30)
        for each in api.list_statements()["Statements"]
        if each["Status"] != "FINISHED"
    ]
    assert any("Mandatory url is not present" in each.get("Error", "") for each in ended)


def _event(name: str, *, of: str, **changes: Any) -> Event:
    return an_event(id=name, profile=ProfileRef(id=of), properties={"value": 7}, **changes)


def _row(name: str, value: float | None) -> dict[str, Any]:
    return {"id": name, "profile_id": "bob", "value": value}


def _sync(world: World, stall: Stall) -> str:
    """One process, which stands still on its way; returns the code with which it ends."""
    planner = world.planner(stall)
    stall.thread = threading.get_ident()
    try:
        planner.sync_one("acme", "syn_1")
    except PenstockError as problem:
        return problem.code
    return ""


def _erase(world: World, sync: Sync, profile_id: str) -> None:
    loads = world.planner(world.death).destinations[DestinationKind.REDSHIFT]
    assert isinstance(loads, LoadStaged)
    assert isinstance(loads.warehouse, LoadSql)
    loads.warehouse.erase(
        sync, [profile_id], request_id="job_1", erased_at="2026-11-20T14:00:00.000Z"
    )
