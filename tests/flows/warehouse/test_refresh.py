"""A full refresh makes the rows of a table anew from the lake, and the table is never without."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from runtime.core.events.envelope import ProfileRef
from runtime.core.jobs.job import Job, JobState
from runtime.core.profiles.profile import NameClaim, Profile
from runtime.core.timestamps import timestamp
from runtime.core.warehouse import refresh
from runtime.core.warehouse.dialects import redshift
from runtime.core.warehouse.plan import LoadState
from runtime.core.warehouse.selection import PromotedColumn, PromotedType, Selection
from runtime.core.warehouse.sync import DestinationKind
from runtime.errors import PenstockError, Permanent, Transient
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse.compactions import Compactions
from runtime.stores.warehouse.lake_files import LakeFiles
from runtime.usecases.warehouse.ask_for_loads import GIVE_UP_LOOKS
from runtime.usecases.warehouse.compact_lake import CompactLake
from runtime.usecases.warehouse.refresh_page import RefreshPage
from runtime.usecases.warehouse.start_refresh import StartRefresh
from tests.builders import an_event
from tests.planner_deaths import Death, Killed
from tests.sync_jobs import Begun, ended
from tests.warehouse import World
from tests.warehouse_records import a_sync

READS = ("Get", "List", "Query", "Describe")
AMOUNT = PromotedColumn(table="events", name="amount", type=PromotedType.NUMBER, path="value")


def _start(world: World, table: str = "events") -> Job:
    begun = Begun()
    start = StartRefresh(
        syncs=world.syncs,
        jobs=begun,
        starter=begun,
        new_id=lambda prefix: f"{prefix}_{len(world.runs())}",
        clock=world.clock,
    )
    job = start("acme", "syn_1", table=table)
    assert ([job], [job.id]) == (begun.jobs, begun.started)
    return job


def _page(world: World, job: Job) -> Job:
    """The job after the function of jobs has looked at it."""
    page = RefreshPage(
        syncs=world.syncs,
        ledger=world.ledger(),
        lake=LakeFiles(bucket=_bucket(world), scratch=world.folder),
        queue=world.queue,
        clock=world.clock,
    )
    return page(job)


def _bucket(world: World) -> Bucket:
    return Bucket(client=world.s3, name=world.name)


def _compact(world: World) -> None:
    compact = CompactLake(
        files=Compactions(bucket=_bucket(world), scratch=world.folder),
        leases=world.ledger(),
        clock=world.clock,
        budget_s=60,
        lease_ms=60_000,
    )
    compact(before="2100-01-01")


def _run(world: World) -> None:
    world.planner().sync_one("acme", "syn_1")


def _profile(**changes: Any) -> Profile:
    given: dict[str, Any] = {
        "tenant": "acme",
        "id": "prf_1",
        "revision": 1,
        "names": _names(("email", "ada@example.com")),
        "updated_at": "2026-11-20T12:00:00.000Z",
    }
    return Profile(**given | changes)


def _names(*names: tuple[str, str]) -> tuple[NameClaim, ...]:
    at = "2026-11-20T12:00:00.000Z"
    return tuple(NameClaim(kind, value, stamp=at, present=True) for kind, value in names)


@pytest.mark.parametrize("is_compacted", [False, True], ids=["as_loaded", "compacted"])
def test_what_somebody_has_deleted_comes_back_and_what_the_lake_lacks_stays(
    world: World, monkeypatch: pytest.MonkeyPatch, *, is_compacted: bool
) -> None:
    """Rows are replaced by their keys: whoever reads the table meanwhile finds it full."""
    monkeypatch.setattr(refresh, "MAX_BYTES", 1)  # so each day is a load of its own
    world.syncs.add(a_sync())
    for names in (("a", "b"), ("b", "c"), ("d",)):
        at = {"topic": "message.sms.sent", "received_at": timestamp(world.clock())}
        world.archive(*(an_event(id=name, **at) for name in names))
        _run(world)
        world.pass_time(hours=13)
    if is_compacted:
        _compact(world)
    lake = world.keys("lake/")
    world.query("DELETE FROM penstock_acme.events WHERE id IN ('a', 'd')")
    world.query("DELETE FROM penstock_acme.messages")
    world.query("UPDATE penstock_acme.events SET id = 'only-here' WHERE id = 'c'")

    job = ended(world, _start(world), _page)

    assert (JobState.DONE, job.total) == (job.state, job.done)
    loads = [load for load in world.runs() if load.trigger == refresh.TRIGGER]
    assert (job.total, {LoadState.LOADED}) == (len(loads), {load.state for load in loads})
    assert 1 < len(loads) == len({load.load_id for load in loads})
    assert ["a", "b", "c", "d", "only-here"] == world.ids()
    messages = world.query("SELECT id, channel FROM penstock_acme.messages ORDER BY id")
    assert [(name, "sms") for name in "abcd"] == [tuple(row.values()) for row in messages]
    assert lake == world.keys("lake/")
    assert [] == world.keys("stage/")
    assert 3 == world.progress().seq


def test_a_column_that_was_promoted_later_has_the_values_of_old_rows(world: World) -> None:
    """Old files of the lake have no such column, but all properties."""
    sync = world.syncs.add(a_sync())
    world.archive(an_event(id="old", properties={"value": 12.5}))
    _run(world)
    world.syncs.add(replace(sync, selection=Selection(columns=(AMOUNT,))))
    world.archive(
        an_event(id="new", properties={"value": 7}), an_event(id="odd", properties={"value": "x"})
    )
    _run(world)
    shown = "SELECT id, amount, _meta IS NULL AS fits FROM penstock_acme.events ORDER BY id"
    assert ("old", None, True) == tuple(world.query(shown)[-1].values())

    ended(world, _start(world), _page)

    assert [("new", 7.0, True), ("odd", None, False), ("old", 12.5, True)] == [
        tuple(row.values()) for row in world.query(shown)
    ]


def test_erased_people_stay_out_of_a_refreshed_table(world: World) -> None:
    """The lake may still have them while the erasure is at work."""
    world.syncs.add(a_sync())
    world.archive(
        an_event(id="hers", profile=ProfileRef(id="prf_1")),
        an_event(id="his", profile=ProfileRef(id="prf_2")),
    )
    _run(world)
    world.query(
        "INSERT INTO penstock_acme._erasures (profile_id, request_id, erased_at)"
        " VALUES ('prf_1', 'request', GETDATE())"
    )
    world.query("DELETE FROM penstock_acme.events")

    ended(world, _start(world), _page)

    assert ["his"] == world.ids()


def test_profiles_come_with_the_names_of_their_latest_revision(world: World) -> None:
    """A name that somebody has lost must not come back, nor may a later revision be undone."""
    world.syncs.add(a_sync())
    world.archive_profiles(_profile(), _profile(id="prf_2", deleted=True))
    _run(world)
    later = _profile(
        revision=2,
        names=_names(
            ("email", "new@example.com"), ("email", "two@example.com"), ("phone", "+4912345678")
        ),
        updated_at="2026-11-21T12:00:00.000Z",
    )
    world.archive_profiles(later)
    _run(world)
    tables = ("profiles", "profile_identities")
    before = {name: _without_load(world, name) for name in tables}
    assert [2, 3] == [len(rows) for rows in before.values()]
    world.pass_time(days=2)
    for name in tables:
        world.query(f"DELETE FROM penstock_acme.{name}")  # noqa: S608 - ours

    job = ended(world, _start(world, "profiles"), _page)

    assert before == {name: _without_load(world, name) for name in tables}
    assert JobState.DONE == job.state


def _without_load(world: World, table: str) -> list[tuple[Any, ...]]:
    rows = world.query(f"SELECT * FROM penstock_acme.{table}")  # noqa: S608 - ours
    return sorted(
        tuple(str(value) for name, value in row.items() if name != "load_id") for row in rows
    )


class _DeathAfterWrite(Death):
    """Does not count the calls that change nothing: after them the world is as before."""

    def before(self, name: str) -> None:
        if self.dead or not name.startswith(READS):
            super().before(name)


def test_a_refresh_that_is_killed_after_any_write_loses_and_doubles_nothing(world: World) -> None:
    """Its message comes again, and finds how far the one before has come."""
    world.syncs.add(a_sync())
    world.archive(an_event(id="a"), an_event(id="b"))
    _run(world)
    lake, whole = world.keys("lake/"), _DeathAfterWrite()
    world.refresher(whole)("acme", "syn_1", refresh.of_job(_start(world)))
    assert {"BatchExecuteStatement", "PutObject", "TransactWriteItems"} <= set(whole.named)
    for at in range(1, whole.calls + 1):
        world.query("DELETE FROM penstock_acme.events WHERE id = 'a'")
        anew = refresh.of_job(replace(_start(world), id=f"job_{at}"))
        with pytest.raises(Killed):
            world.refresher(_DeathAfterWrite(at=at, after_effect=True))("acme", "syn_1", anew)
        world.death = None
        world.pass_time(minutes=17)  # the lease of the one that was killed runs out
        while world.refresher()("acme", "syn_1", anew):
            pass

        progress = world.ledger().progress("acme", "syn_1", job_id=anew.job_id)
        assert refresh.day_number(anew.last_day) == progress.seq
        assert ["a", "b"] == world.ids()
    loads = [load for load in world.runs() if load.trigger == refresh.TRIGGER]
    assert {LoadState.LOADED} == {load.state for load in loads}
    assert whole.calls + 1 == len(loads)
    assert (lake, []) == (world.keys("lake/"), world.keys("stage/"))


def test_a_load_whose_files_have_become_others_is_planned_again(world: World) -> None:
    """Under its old id it would stage other rows than its manifest says."""
    world.syncs.add(a_sync())
    for name in ("a", "b"):
        world.archive(an_event(id=name))
        _run(world)
    world.query("DELETE FROM penstock_acme.events")
    anew = refresh.of_job(_start(world))
    death = Death(of="PutObject", at=1)
    with suppress(Killed):
        world.refresher(death)("acme", "syn_1", anew)
    world.death = None
    world.pass_time(minutes=17)
    _compact(world)

    (load,) = world.refresher()("acme", "syn_1", anew)

    assert (LoadState.LOADED, ["a", "b"]) == (load.state, world.ids())
    (given_up,) = [each for each in world.runs() if each.error_code == "replanned"]
    assert load.load_id != given_up.load_id


def test_a_load_is_done_again_if_the_lake_changes_while_it_is_read(world: World) -> None:
    """The lake is loaded and compacted beside the refresh, which reads it without a lease."""
    world.syncs.add(a_sync())
    world.archive(an_event(id="a"))
    _run(world)
    lakes, codes = world.refresher().lakes, []
    for change in (_load_more, _compact):
        inputs = lakes.stored("acme", "syn_1", "events")
        anew = refresh.of_job(_start(world))
        load = refresh.planned(a_sync(), anew, inputs, versions="1", now=anew.last_day)
        change(world)
        with (
            pytest.raises(Transient) as changed,
            lakes.files_of(inputs).render(load, (), staging=redshift.DIALECT.staging),
        ):
            pytest.fail("it made files of a lake that nobody has")
        codes.append(changed.value.code)
    assert ["lake_changed", "lake_changed"] == codes


def _load_more(world: World) -> None:
    world.archive(an_event(id="b"))
    _run(world)


def test_a_refresh_without_a_file_is_done_and_one_that_is_stuck_fails(world: World) -> None:
    """A paused sync loads nothing, so its refresh waits; but not for ever."""
    sync = world.syncs.add(a_sync())
    empty = _page(world, _start(world))
    world.archive(an_event())
    _run(world)
    world.syncs.add(replace(sync, enabled=False))
    job = _page(world, _start(world))
    world.work()
    job = _page(world, job)

    assert (JobState.DONE, 0, 0) == (empty.state, empty.done, empty.total)
    assert (0, 1, True) == (job.done, job.total, job.is_running)
    with pytest.raises(Permanent) as stuck:
        _page(world, replace(job, cursor=str(GIVE_UP_LOOKS)))
    assert "refresh_stuck" == stuck.value.code


@pytest.mark.parametrize(
    ("changes", "table", "code", "words"),
    [
        ({"kind": DestinationKind.S3}, "events", "no_tables", "only the lake"),
        ({}, "messages", "bad_table", "refresh events"),
        ({}, "profile_identities", "bad_table", "refresh profiles"),
        ({}, "nonsense", "bad_table", "it has events, messages"),
        ({"selection": Selection(tables=("events",))}, "profiles", "bad_table", "it has events"),
    ],
    ids=["lake", "message", "name", "unknown", "not_taken"],
)
def test_only_a_table_of_its_own_in_a_warehouse_can_be_refreshed(
    world: World, changes: dict[str, Any], table: str, code: str, words: str
) -> None:
    """A table that follows another would be replaced by halves; the refusal names its parent."""
    world.syncs.add(a_sync(**changes))
    with pytest.raises(PenstockError) as refused:
        _start(world, table)
    assert code == refused.value.code
    assert words in refused.value.message
