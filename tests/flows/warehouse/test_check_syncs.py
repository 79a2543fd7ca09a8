"""Syncs are watched from outside: who is late, and what was passed by."""

import pytest

from runtime.core.warehouse import refresh
from runtime.core.warehouse.gap import RawGap
from runtime.core.warehouse.plan import LoadState
from runtime.core.warehouse.schedule import Manual
from runtime.core.warehouse.sync import DestinationKind
from runtime.errors import Transient
from runtime.usecases.warehouse import check_syncs
from runtime.usecases.warehouse.check_syncs import Checked, CheckSyncs
from runtime.usecases.warehouse.skip_gap import SkipGap
from tests.builders import an_event
from tests.warehouse import World
from tests.warehouse_records import a_load, a_sync

MADE = "2026-11-20T13:00:00.000Z"


@pytest.fixture
def sync(world: World) -> None:
    """A sync of acme into the lake, made five minutes before anything arrives."""
    world.syncs.add(a_sync(kind=DestinationKind.S3, created_at=MADE))


def _check(world: World) -> Checked:
    return CheckSyncs(
        syncs=world.syncs,
        raw_log=world.raw_log(),
        ledger=world.ledger(),
        clock=world.clock,
        journal=world.journal,
    )()


def _load(world: World, *names: str) -> None:
    for name in names:
        world.archive(an_event(id=name), an_event(id=name, tenant="globex"))
    world.planner().sync_one("acme", "syn_1")


@pytest.mark.usefixtures("sync")
def test_loads_that_took_everything_are_checked_off(world: World) -> None:
    """The next check begins there, so its work does not grow with the years."""
    for names in (("a", "b"), (), ("c",)):
        _load(world, *names)
        assert _check(world) == Checked(syncs=1, rows_missed=0, overdue_s=0)
    assert world.progress().checked_seq == 3


@pytest.mark.usefixtures("sync")
def test_rows_that_a_load_passed_by_are_found_until_they_are_loaded(world: World) -> None:
    """A cursor that moved too far loses rows that no error tells of."""
    _load(world, "a")
    world.archive(an_event(id="b"), an_event(id="c"))
    ledger, now_ms = world.ledger(), int(world.clock().timestamp() * 1000)
    lease = ledger.acquire("acme", "syn_1", now_ms=now_ms, lease_ms=60_000)
    ledger.advance(lease, seq=2)
    ledger.release(lease)
    _load(world, "d")
    for _ in range(2):
        assert _check(world).rows_missed == 2
    line = next(each for each in world.journal.lines if each["message"] == "sync.missed")
    assert (line["sync_id"], line["first_seq"], line["last_seq"], line["rows"]) == (
        "syn_1",
        2,
        2,
        2,
    )


@pytest.mark.usefixtures("sync")
def test_a_refresh_has_taken_no_batch(world: World) -> None:
    """Its numbers are those of days, and a long raw log comes to have such numbers, too."""
    world.archive(an_event(id="a"))
    ledger = world.ledger()
    ledger.advance(ledger.acquire("acme", "syn_1", now_ms=0, lease_ms=1), seq=0)
    ledger.advance(ledger.acquire("acme", "syn_1", now_ms=2, lease_ms=1), seq=1)
    lease = ledger.acquire("acme", "syn_1", now_ms=0, lease_ms=1, job_id="job_1")
    taken = {"state": LoadState.LOADED, "first_seq": 1, "last_seq": 1}
    ledger.finish(lease, a_load(trigger=refresh.TRIGGER, **taken))
    assert _check(world).rows_missed == 1


@pytest.mark.usefixtures("sync")
def test_rows_that_were_skipped_are_not_missed(world: World) -> None:
    """Somebody knows of them already, and they are on record."""
    world.archive(an_event(id="a"))
    (key,) = world.keys("raw/")
    world.s3.delete_object(Bucket=world.name, Key=key)
    world.archive(an_event(id="b"))
    with pytest.raises(RawGap):
        world.planner().sync_one("acme", "syn_1")
    SkipGap(syncs=world.syncs, ledger=world.ledger(), clock=world.clock)(
        "acme", "syn_1", first_seq=1
    )
    world.planner().sync_one("acme", "syn_1")
    assert _check(world).rows_missed == 0


@pytest.mark.usefixtures("sync")
def test_a_sync_that_nobody_runs_is_overdue(world: World) -> None:
    """The function that does not run cannot say so; nor is silence a sign of health."""
    world.pass_time(minutes=50)
    assert _check(world).overdue_s == 0
    world.pass_time(hours=3)
    assert _check(world).overdue_s == 10_445  # since 14:00, the first slot after it was made
    _load(world, "a")
    assert _check(world).overdue_s == 0
    world.pass_time(hours=2)
    assert _check(world).overdue_s == 6_845  # since 17:00
    world.syncs.add(a_sync(kind=DestinationKind.S3, created_at=MADE, schedule=Manual()))
    assert _check(world).overdue_s == 0  # nobody has promised anything


@pytest.mark.usefixtures("sync")
def test_a_long_way_is_checked_in_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A month of batches must not be in memory at once; the next check goes on."""
    monkeypatch.setattr(check_syncs, "BLOCK", 2)
    monkeypatch.setattr(check_syncs, "MAX_BLOCKS", 2)
    _load(world, *(f"e{n}" for n in range(9)))
    for seq in (4, 8, 9, 9):
        assert _check(world).rows_missed == 0
        assert world.progress().checked_seq == seq


@pytest.mark.usefixtures("sync")
def test_one_sync_that_cannot_be_checked_hides_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check fails, so that it is tried again, after it has measured the others."""
    world.syncs.add(a_sync(id="syn_2", kind=DestinationKind.S3, created_at=MADE))
    world.pass_time(hours=5)
    ledger = type(world.ledger())
    progress = ledger.progress

    def broken(self: object, tenant: str, sync_id: str) -> object:
        if sync_id == "syn_1":
            raise Transient("no answer", code="aws_unavailable")
        return progress(self, tenant, sync_id)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "progress", broken)
    with pytest.raises(Transient):
        _check(world)
    line = world.journal.lines[-1]
    assert (line["syncs"], line["measures_of_all"]["sync.overdue_s"] > 0) == (1, True)
