"""A sync that fails is never silent: it is on record, told, measured, and so is its recovery."""

import pytest

from runtime.core.timestamps import timestamp
from runtime.core.warehouse.health import Health
from runtime.core.warehouse.plan import LoadState
from runtime.core.warehouse.sync import DestinationKind
from runtime.errors import PenstockError, Permanent, Transient
from runtime.usecases.warehouse.load_sql import LoadSql
from runtime.usecases.warehouse.tend_sync import TendSync
from tests.builders import an_event
from tests.doubles import Failing
from tests.warehouse import START, World
from tests.warehouse_records import a_sync


def _fail(world: World) -> None:
    """A run that Redshift refuses before any load, because there is none."""
    with pytest.raises(Permanent):
        world.planner(workgroup="").sync_one("acme", "syn_1")


def test_a_load_that_the_warehouse_refuses_is_told_in_its_own_words(world: World) -> None:
    """A load that ended `failed` raised nothing: hours went by, and nobody heard of it."""
    world.syncs.add(a_sync())
    world.archive(an_event(id="a"))
    world.planner().sync_one("acme", "syn_1")
    world.query("DROP SCHEMA penstock_acme CASCADE")
    world.archive(an_event(id="b"))

    (failed,) = world.planner().sync_one("acme", "syn_1")

    assert failed.state is LoadState.FAILED
    [event] = world.bus.events
    assert event.topic == "sync.failing"
    assert event.properties["error"] == failed.error
    assert "penstock_acme" in str(failed.error)
    assert (event.properties["sync_id"], event.properties["failures"]) == ("syn_1", 1)
    assert (world.progress().health.error_code, event.properties["error_code"]) == (
        "missing_table",
        "missing_table",
    )


def test_the_first_third_and_tenth_failure_in_a_row_are_told_and_the_recovery(
    world: World,
) -> None:
    """The first at once, the others because nobody has mended it; then that it is over."""
    world.syncs.add(a_sync())
    world.archive(an_event())
    for _ in range(12):
        _fail(world)
        world.pass_time(hours=1)
    world.planner().sync_one("acme", "syn_1")
    told = [(each.topic, each.properties["failures"]) for each in world.bus.events]
    assert told == [
        ("sync.failing", 1),
        ("sync.failing", 3),
        ("sync.failing", 10),
        ("sync.recovered", 12),
    ]
    assert {each.properties["failing_since"] for each in world.bus.events} == {timestamp(START)}
    assert world.progress().health == Health()


def test_a_run_that_finds_nothing_new_is_a_recovery_too(world: World) -> None:
    """A fault may end before anything arrives; nobody shall wait for news to hear of it."""
    world.syncs.add(a_sync(kind=DestinationKind.S3))
    planner = world.planner()
    broken = Failing(planner.raw_log.since, Transient("no answer", code="aws_unavailable"))
    object.__setattr__(planner, "raw_log", _Scripted(planner.raw_log, since=broken))
    with pytest.raises(Transient):
        planner.sync_one("acme", "syn_1")
    planner.sync_one("acme", "syn_1")
    assert world.bus.topics == ["sync.failing", "sync.recovered"]


def test_a_run_whose_statement_still_runs_is_neither_a_failure_nor_a_recovery(
    world: World,
) -> None:
    """The warehouse is slow; whether it takes the load is not known yet."""
    world.syncs.add(a_sync())
    world.archive(an_event(id="a"))
    world.planner().sync_one("acme", "syn_1")
    world.archive(an_event(id="b"))
    _fail(world)
    world.redshift.faults.gate.clear()
    world.planner(statement_wait_s=0).sync_one("acme", "syn_1")
    world.redshift.faults.gate.set()
    assert (world.bus.topics, world.progress().health.failures) == (["sync.failing"], 1)
    world.planner().sync_one("acme", "syn_1")
    assert world.bus.topics == ["sync.failing", "sync.recovered"]


def test_a_notice_that_could_not_be_sent_is_sent_by_the_next_run(world: World) -> None:
    """The bus has its bad minutes, and planners are killed; the same notice is the same event."""
    world.syncs.add(a_sync())
    world.archive(an_event())
    put, trouble = world.bus.put, Transient("no answer", code="aws_unavailable")
    world.bus.put = Failing(put, trouble)  # type: ignore[method-assign]
    _fail(world)
    assert world.bus.events == []
    assert world.journal.lines[-1]["message"] == "sync.not_tended"
    world.planner().sync_one("acme", "syn_1")
    assert world.bus.topics == ["sync.failing", "sync.recovered"]
    assert world.progress().health.notices == ()


def test_each_run_and_each_load_is_measured(world: World) -> None:
    """Failures, the lag and the rows of each sync are metrics, and stand in one line of the log."""
    world.syncs.add(a_sync())
    world.archive(an_event(id="a"), an_event(id="b"))
    world.planner().sync_one("acme", "syn_1")
    load, run = world.journal.lines
    assert (load["message"], load["state"], load["sync_id"]) == ("sync.load", "loaded", "syn_1")
    assert load["measures"] == {
        "sync.rows_in": 2,
        "sync.rows_new": 2,
        "sync.rows_discarded": 0,
    }
    assert (run["message"], run["outcome"]) == ("sync.ended", "well")
    assert run["measures"] == {"sync.failed": 0, "sync.lag_s": 0}
    world.archive(an_event(id="c"))
    world.pass_time(hours=2)
    _fail(world)
    failed = world.journal.lines[-1]
    assert (failed["outcome"], failed["code"]) == ("failed", "redshift_not_configured")
    assert failed["measures"] == {"sync.failed": 1, "sync.lag_s": 7200}
    assert failed["measured_by"] == ("tenant", "sync_id")


def test_a_fault_of_ours_counts_and_its_text_stays_with_us(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tenant can do nothing about it, and must not read our insides; but it must hear of it."""
    world.syncs.add(a_sync())
    world.archive(an_event())

    def broken(*_: object, **__: object) -> str:
        raise ZeroDivisionError("our secret insides")

    monkeypatch.setattr(LoadSql, "submit", broken)
    with pytest.raises(ZeroDivisionError):
        world.planner().sync_one("acme", "syn_1")
    [event] = world.bus.events
    assert event.properties["error_code"] == "internal"
    assert "insides" not in str(event.properties)


def test_a_planner_that_was_overtaken_says_nothing(world: World) -> None:
    """The sync is another planner's now, and does well as far as anybody knows."""
    world.syncs.add(a_sync())
    planner = world.planner()
    lost = Failing(planner.ledger.advance, Transient("overtaken", code="lease_lost"))
    object.__setattr__(planner, "ledger", _Scripted(planner.ledger, advance=lost))
    with pytest.raises(PenstockError):
        planner.sync_one("acme", "syn_1")
    assert (world.bus.events, world.journal.lines) == ([], [])


def test_an_installation_may_measure_all_syncs_together(world: World) -> None:
    """Each sync's own metrics cost by the month; a thousand syncs are worth a choice."""
    world.syncs.add(a_sync())
    tend = TendSync(
        ledger=world.ledger(),
        bus=world.bus,
        clock=world.clock,
        journal=world.journal,
        measured_by=(),
    )
    planner = world.planner()
    object.__setattr__(planner, "tend", tend)
    planner.sync_one("acme", "syn_1")
    assert [line["measured_by"] for line in world.journal.lines] == [()]


class _Scripted:
    """A store of which some calls are replaced."""

    def __init__(self, store: object, **calls: object) -> None:
        self._store = store
        self._calls = calls

    def __getattr__(self, name: str) -> object:
        return self._calls.get(name, getattr(self._store, name))
