"""A gap is named, told and counted, and nothing goes on behind it by itself."""

import pytest

from runtime.core.warehouse import plan
from runtime.core.warehouse.gap import Gap, RawGap
from runtime.core.warehouse.plan import LoadState
from runtime.core.warehouse.sync import DestinationKind
from runtime.errors import Conflict
from runtime.usecases.warehouse.skip_gap import SkipGap
from tests.builders import an_event
from tests.planner_deaths import Death, Killed
from tests.warehouse import World
from tests.warehouse_records import a_sync

MADE = "2026-11-20T00:00:00.000Z"  # before anything arrives


def _skip(world: World, *, first_seq: int) -> None:
    SkipGap(syncs=world.syncs, ledger=world.ledger(), clock=world.clock)(
        "acme", "syn_1", first_seq=first_seq
    )


def _arrive(world: World, *names: str) -> list[str]:
    """A batch for each name, a day apart; returns the keys of their objects."""
    keys: list[str] = []
    for name in names:
        before = set(world.keys("raw/"))
        world.archive(an_event(id=name), an_event(id=f"{name}-2", tenant="globex"))
        keys += set(world.keys("raw/")) - before
        world.pass_time(days=1)
    return keys


def _lose(world: World, *keys: str) -> None:
    for key in keys:
        world.s3.delete_object(Bucket=world.name, Key=key)


def _stopped(world: World) -> Gap:
    with pytest.raises(RawGap) as failure:
        world.planner().sync_one("acme", "syn_1")
    return failure.value.gap


def test_a_sync_that_was_paused_beyond_the_retention_says_what_is_lost(world: World) -> None:
    """It stood still for ever with `object_missing`, and nobody could say how much was gone."""
    world.syncs.add(a_sync(created_at=MADE))
    lost = _arrive(world, "a", "b", "c")
    world.pass_time(days=27)
    kept = _arrive(world, "d")
    _lose(world, *lost[:2])  # the bucket expires objects a little later than it may

    gap = _stopped(world)

    assert (gap.first_seq, gap.last_seq, gap.batches, gap.rows) == (1, 2, 2, 2)
    assert world.progress().health.gap == gap
    assert world.bus.topics == ["sync.gap", "sync.failing"]
    assert world.bus.events[0].properties["rows"] == 2
    assert world.runs() == ()
    assert len(kept) == 1


def test_nothing_is_skipped_by_itself_and_the_gap_is_told_once(world: World) -> None:
    """Rows that nobody can load any more are a person's decision."""
    world.syncs.add(a_sync(created_at=MADE))
    _lose(world, *_arrive(world, "a"))
    world.pass_time(days=30)
    _arrive(world, "b")
    assert _stopped(world) == _stopped(world)
    assert world.progress().seq == 0
    assert world.bus.topics == ["sync.gap", "sync.failing"]


def test_skipping_goes_on_behind_the_gap_and_keeps_what_was_lost_on_record(world: World) -> None:
    """What is there is loaded; what is not is counted for whoever asks later."""
    world.syncs.add(a_sync(created_at=MADE))
    _lose(world, *_arrive(world, "a", "b"))
    world.pass_time(days=30)
    _arrive(world, "c")
    gap = _stopped(world)

    _skip(world, first_seq=gap.first_seq)

    (load,) = world.planner().sync_one("acme", "syn_1")
    assert (load.state, world.ids()) == (LoadState.LOADED, ["c"])
    progress = world.progress()
    assert ([each.gap for each in progress.skipped], progress.health.gap) == ([gap], None)
    assert world.bus.topics == ["sync.gap", "sync.failing", "sync.recovered"]


def test_a_batch_that_somebody_deleted_is_a_gap_between_those_that_are_loaded(
    world: World,
) -> None:
    """The rows before it and behind it are not lost with it."""
    world.syncs.add(a_sync(kind=DestinationKind.S3, created_at=MADE))
    keys = _arrive(world, "a", "b", "c", "d")
    _lose(world, keys[1], keys[2])

    gap = _stopped(world)

    assert (gap.first_seq, gap.last_seq, gap.rows) == (2, 3, 2)
    (interrupted,) = world.runs()
    assert (interrupted.state, interrupted.error_code) == (LoadState.PLANNED, "raw_gap")
    _skip(world, first_seq=2)
    (load,) = world.planner().sync_one("acme", "syn_1")
    assert sorted(world.lake("SELECT id FROM lake", table="events")) == [("a",), ("d",)]
    ended = {run.load_id: (run.state, run.error_code) for run in world.runs()}
    assert ended == {
        interrupted.load_id: (LoadState.FAILED, "skipped"),
        load.load_id: (LoadState.LOADED, None),
    }


def test_a_load_whose_batches_expire_while_it_is_interrupted_is_a_gap(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was planned in time; its planner died, and nobody came for a month."""
    monkeypatch.setattr(plan, "MAX_BATCHES", 1)
    world.syncs.add(a_sync(kind=DestinationKind.S3, created_at=MADE))
    keys = _arrive(world, "a", "b")
    with pytest.raises(Killed):
        world.planner(Death(at=8)).sync_one("acme", "syn_1")
    world.death = None
    assert world.ledger().is_open("acme", "syn_1", now_ms=10**15)
    _lose(world, *keys)
    world.pass_time(days=40)
    gap = _stopped(world)
    assert (gap.first_seq, gap.last_seq) == (1, 2)
    _skip(world, first_seq=1)
    assert world.planner().sync_one("acme", "syn_1") == ()
    assert not world.ledger().is_open("acme", "syn_1", now_ms=10**15)


def test_a_sync_that_no_planner_came_to_since_it_was_made_misses_what_expired(
    world: World,
) -> None:
    """It was to load what arrives from then on; to begin later would hide what is lost."""
    _lose(world, *_arrive(world, "before"))
    world.syncs.add(a_sync(created_at="2026-11-21T12:00:00.000Z"))
    _lose(world, *_arrive(world, "since"))
    world.pass_time(days=40)
    _arrive(world, "new")
    gap = _stopped(world)
    assert (gap.first_seq, gap.last_seq, gap.rows) == (2, 2, 1)


def test_only_the_gap_that_was_seen_is_skipped_and_by_one_at_a_time(world: World) -> None:
    """Whoever read of one gap must not skip another, nor interfere with a run."""
    world.syncs.add(a_sync(created_at=MADE))
    for first_seq in (0, 1):
        with pytest.raises(Conflict) as refusal:
            _skip(world, first_seq=first_seq)
        assert refusal.value.code == "no_such_gap"
    now_ms = int(world.clock().timestamp() * 1000)
    world.ledger().acquire("acme", "syn_1", now_ms=now_ms, lease_ms=60_000)
    with pytest.raises(Conflict) as busy:
        _skip(world, first_seq=1)
    assert busy.value.code == "sync_busy"
