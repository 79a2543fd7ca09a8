"""A backfill loads again what was loaded before, beside the sync, and never a row twice."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from runtime.core.jobs.job import Job, JobState
from runtime.core.timestamps import timestamp
from runtime.core.warehouse import backfill, plan
from runtime.core.warehouse.plan import LoadState
from runtime.core.warehouse.sync import DestinationKind
from runtime.errors import Conflict, NotFound, Permanent
from runtime.usecases.warehouse.ask_for_loads import GIVE_UP_LOOKS, PATIENCE_LOOKS
from runtime.usecases.warehouse.backfill_page import BackfillPage
from runtime.usecases.warehouse.start_backfill import StartBackfill
from tests.builders import an_event
from tests.planner_deaths import Death, Killed
from tests.sync_jobs import Begun, ended
from tests.warehouse import World
from tests.warehouse_records import a_sync

LAKE = "lake/v1/acme/syn_1/events/"
CALLS_OF_A_LOAD = 30  # more than one makes; a death beyond the last call never happens


def _start(world: World, *, since: timedelta | None = None, until: timedelta | None = None) -> Job:
    """Ask for a backfill of what arrived from and to so long ago."""
    begun, now = Begun(), world.clock()
    start = StartBackfill(
        syncs=world.syncs,
        raw_log=world.raw_log(),
        ledger=world.ledger(),
        jobs=begun,
        starter=begun,
        new_id=lambda prefix: f"{prefix}_{len(world.runs())}",
        clock=world.clock,
        raw_kept=timedelta(days=29),
    )
    job = start(
        "acme",
        "syn_1",
        since=None if since is None else timestamp(now - since),
        until=None if until is None else timestamp(now - until),
    )
    assert ([job], [job.id]) == (begun.jobs, begun.started)
    return job


def _page(world: World, job: Job) -> Job:
    """The job after the function of jobs has looked at it."""
    page = BackfillPage(
        syncs=world.syncs, ledger=world.ledger(), queue=world.queue, clock=world.clock
    )
    return page(job)


def test_what_somebody_has_deleted_comes_back_while_new_rows_come(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load that the warehouse knows would be left out, so a backfill's have ids of their own."""
    monkeypatch.setattr(plan, "MAX_BATCHES", 1)
    world.syncs.add(a_sync())
    for name in ("a", "b"):
        world.archive(an_event(id=name))
    world.planner().sync_one("acme", "syn_1")
    world.query("DELETE FROM penstock_acme.events")
    job = _page(world, _start(world))
    world.archive(an_event(id="new"))
    world.planner().sync_one("acme", "syn_1")
    assert ["new"] == world.ids()

    job = ended(world, job, _page)

    assert (JobState.DONE, 2, 2) == (job.state, job.done, job.total)
    assert ["a", "b", "new"] == world.ids()
    loads = world.runs()
    assert {"api": 3, "backfill": 2} == {
        trigger: sum(load.trigger == trigger for load in loads) for trigger in ("api", "backfill")
    }
    assert 5 == len({load.load_id for load in loads})
    assert {LoadState.LOADED} == {load.state for load in loads}
    assert 3 == world.ledger().progress("acme", "syn_1").seq


def test_a_backfill_of_a_time_takes_what_arrived_in_it(world: World) -> None:
    """Whoever mends one bad day need not load the month."""
    world.syncs.add(a_sync(kind=DestinationKind.S3))
    for name in ("a", "b", "c"):
        world.archive(an_event(id=name))
        world.pass_time(hours=1)
    with pytest.raises(Conflict) as too_early:
        _start(world)  # the sync has loaded nothing yet, and will load all of it
    world.planner().sync_one("acme", "syn_1")

    job = _start(world, since=timedelta(hours=2, minutes=30), until=timedelta(minutes=90))
    with pytest.raises(Conflict):
        _start(world, since=timedelta(minutes=30))
    job = ended(world, job, _page)

    assert "nothing_to_backfill" == too_early.value.code
    assert (2, 2, 1) == (job.params["first_seq"], job.params["last_seq"], job.done)
    assert [("b", 2)] == world.lake(
        "SELECT id, COUNT(*) FROM lake GROUP BY 1 HAVING COUNT(*) > 1", table="events"
    )


def test_batches_that_have_expired_are_no_part_of_a_backfill(world: World) -> None:
    """Their objects are gone, and the backfill would stand still at the first of them."""
    world.syncs.add(a_sync(kind=DestinationKind.S3))
    world.archive(an_event(id="old"))
    world.planner().sync_one("acme", "syn_1")
    world.pass_time(days=31)
    world.archive(an_event(id="kept"))
    world.pass_time(minutes=1)
    world.planner().sync_one("acme", "syn_1")

    assert 2 == _start(world, since=timedelta(days=60)).params["first_seq"]


def test_the_next_load_is_asked_for_when_the_one_before_has_ended(world: World) -> None:
    """Two at once would only wait for each other; none at all, as after a pause, is not the end."""
    sync = world.syncs.add(a_sync(kind=DestinationKind.S3))
    world.archive(an_event())
    world.planner().sync_one("acme", "syn_1")
    job = _start(world)

    asked = []
    for _ in range(PATIENCE_LOOKS + 1):
        job = _page(world, job)
        asked.append(len(world.queue.take()))

    assert [1, *[0] * (PATIENCE_LOOKS - 1), 1] == asked
    assert (0, 1, True) == (job.done, job.total, job.is_running)
    with pytest.raises(Permanent) as stuck:
        _page(world, replace(job, cursor=str(GIVE_UP_LOOKS)))
    assert "backfill_stuck" == stuck.value.code  # and so the job ends, with the reason
    del world.syncs.held["acme", sync.id]
    with pytest.raises(NotFound):
        _page(world, job)


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
def test_a_backfill_that_is_killed_at_any_call_goes_on_and_makes_each_load_once(
    world: World, *, after_effect: bool
) -> None:
    """Its message comes again, and finds how far the one before has come."""
    world.syncs.add(a_sync(kind=DestinationKind.S3))
    world.archive(an_event())
    world.planner().sync_one("acme", "syn_1")
    deaths = 0
    for at in range(1, CALLS_OF_A_LOAD):
        job, files = _start(world), set(world.keys(LAKE))
        again = backfill.of_job(replace(job, id=f"job_{at}"))
        death = Death(at=at, after_effect=after_effect)
        with suppress(Killed):
            world.planner(death).backfill("acme", "syn_1", again)
        world.death = None
        world.pass_time(minutes=17)  # the lease of the one that was killed runs out
        world.planner().backfill("acme", "syn_1", again)

        progress = world.ledger().progress("acme", "syn_1", job_id=again.job_id)
        assert 1 == again.passed(progress.seq)
        assert 1 == len(set(world.keys(LAKE)) - files)
        deaths += death.dead
        if not death.dead:
            break
    else:
        pytest.fail("a backfill makes more calls than this test kills")
    assert deaths > 5
