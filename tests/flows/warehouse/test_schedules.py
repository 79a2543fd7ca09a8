"""Each sync runs at its slots, and again after a failure as soon as that may help."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from runtime.core.json_text import dump
from runtime.core.warehouse import plan
from runtime.core.warehouse.messages import SyncMessage, parse_sync
from runtime.core.warehouse.plan import Load, LoadState
from runtime.core.warehouse.schedule import parse
from runtime.core.warehouse.sync import DestinationKind, Sync
from runtime.errors import Transient
from runtime.stores.warehouse.sync_plan import SyncPlan
from runtime.usecases.warehouse import sync_warehouse
from tests.builders import an_event
from tests.planner_deaths import Death
from tests.virtual_queue import VirtualQueue
from tests.warehouse import World
from tests.warehouse_records import a_load, a_sync


class UnreachableQueue(VirtualQueue[SyncMessage]):
    """A queue that takes nothing."""

    def send(self, messages: Iterable[SyncMessage], *, delay_s: int = 0) -> None:
        """Fail."""
        raise Transient(f"{len(list(messages))} messages were not taken, for {delay_s} s")


def _lake() -> Sync:
    return a_sync(kind=DestinationKind.S3)


def _passes(world: World, minutes: int, *, every: int = 5) -> list[str]:
    """Let time pass with a planner every so many minutes; returns whose runs it has asked for."""
    asked: list[str] = []
    for _ in range(0, minutes, every):
        world.pass_time(minutes=every)
        world.plan()
        asked += [message.sync_id for message in world.queue.take(1000)]
    return asked


def test_each_sync_is_asked_for_at_its_own_slots_alone(world: World) -> None:
    """One tenant wants its rows in five minutes, another pays for one wake a day."""
    for name, text in (
        ("fast", "every 5 minutes"),
        ("hourly", "every 60 minutes"),
        ("nightly", "daily at 03:30 Europe/Berlin"),
        ("manual", "manual"),
    ):
        world.syncs.add(a_sync(id=name, schedule=parse(text)))
    world.plan()
    world.queue.take(1000)

    asked = _passes(world, 24 * 60)

    assert {"fast": 288, "hourly": 24, "nightly": 1} == {
        name: asked.count(name) for name in dict.fromkeys(asked)
    }


def test_slots_that_were_missed_are_made_up_for_by_one_run(world: World) -> None:
    """After an outage of the planner everybody gets their rows, once."""
    world.syncs.add(a_sync(schedule=parse("every 5 minutes")))
    world.plan()
    world.queue.take(1000)
    world.pass_time(hours=30)

    assert [1, 0] == [world.plan(), world.plan()]


def test_a_planner_that_is_killed_before_it_has_asked_for_all_leaves_it_to_the_next(
    world: World,
) -> None:
    """Asked for twice is harmless; not at all would be a slot lost."""
    world.syncs.add(a_sync())
    with pytest.raises(Transient):
        world.plan(queue=UnreachableQueue(world.clock))

    assert 1 == world.plan()


def test_a_planner_that_was_overtaken_does_not_turn_time_back(world: World) -> None:
    """Its slots would be asked for once more by everyone after it."""
    stored = SyncPlan(table=world.table())
    assert stored.until() is None

    for minutes in (5, 3):
        stored.extend(world.clock() + timedelta(minutes=minutes))

    assert world.clock() + timedelta(minutes=5) == stored.until()


def test_a_manual_sync_that_has_a_load_open_is_looked_after_every_hour(world: World) -> None:
    """No slot would bring it to its end, and the tenant's rows would be in between for ever."""
    world.syncs.add(a_sync(schedule=parse("manual")))
    world.plan()
    assert [] == _passes(world, 60)

    now_ms = int(world.clock().timestamp() * 1000)
    lease = world.ledger().acquire("acme", "syn_1", now_ms=now_ms, lease_ms=1)
    world.ledger().save(lease, a_load(state=LoadState.SUBMITTED))

    assert ["syn_1"] == _passes(world, 60)


def test_a_run_that_was_asked_for_twice_loads_once(world: World) -> None:
    """Queues repeat."""
    world.syncs.add(_lake())
    world.archive(an_event())
    for _ in range(2):
        world.queue.send([SyncMessage(tenant="acme", sync_id="syn_1", trigger="schedule")])

    assert ["loaded", "idle"] == [line["state"] for line in world.work()]


def test_a_backlog_is_loaded_by_one_run_after_the_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two of them others get their turn: who comes late must not keep them waiting."""
    monkeypatch.setattr(plan, "MAX_BATCHES", 1)
    world.syncs.add(_lake())
    for n in range(3):
        world.archive(an_event(id=f"e{n}"))
    takes_long = sync_warehouse.BUDGET + timedelta(seconds=1)
    world.client("s3").meta.events.register(
        "before-call.s3.PutObject", lambda **_: world.pass_time(seconds=takes_long.total_seconds())
    )
    world.plan()

    lines = [world.work() for _ in range(4)]

    assert [["loaded"], ["loaded"], ["loaded"], ["idle"]] == [
        [line["state"] for line in each] for each in lines
    ]
    assert not world.queue.delays_s


def test_a_load_that_may_work_a_minute_later_is_tried_again_by_then(world: World) -> None:
    """Not at the next slot: that of a nightly sync is a day away."""
    world.syncs.add(a_sync(schedule=parse("daily at 13:00 UTC")))
    world.archive(an_event(id="a"))
    world.planner().sync_one("acme", "syn_1")
    world.query("DROP SCHEMA penstock_acme CASCADE")
    world.archive(an_event(id="b"))
    world.plan()

    (failed,) = world.work()
    assert ("failed", "missing_table", [60]) == (
        failed["state"],
        failed["code"],
        world.queue.delays_s,
    )
    world.pass_time(minutes=1)
    (loaded,) = world.work()

    assert ("loaded", ["b"], []) == (loaded["state"], world.ids(), world.queue.delays_s)


def test_what_a_person_has_to_mend_waits_for_the_next_slot(world: World) -> None:
    """Each try wakes the warehouse, and the tenant pays for that."""
    world.syncs.add(a_sync(schema="not a schema"))
    world.archive(an_event())
    world.plan()

    (line,) = world.work()

    assert ("stopped", "bad_schema") == (line["state"], line["code"])
    assert not world.queue.delays_s
    world.pass_time(hours=1)
    assert 1 == world.plan()


def test_a_statement_that_runs_on_is_looked_at_again_by_a_message_of_our_own(world: World) -> None:
    """The event of its end may be lost; the load must not wait for the next slot, nor for ever."""
    world.syncs.add(a_sync())
    world.archive(an_event())
    world.planner().sync_one("acme", "syn_1")
    world.pass_time(seconds=1)  # loads are listed by when they were planned
    world.archive(an_event(id="evt_2"))
    world.plan()
    world.redshift.faults.gate.clear()
    (waiting,) = world.work(world.planner(statement_wait_s=0))
    world.redshift.faults.gate.set()
    assert ("submitted", [60]) == (waiting["state"], world.queue.delays_s)

    world.pass_time(minutes=1)
    (loaded,) = world.work()

    assert "loaded" == loaded["state"]
    assert ["evt_1", "evt_2"] == world.ids()


@pytest.mark.parametrize("trigger", ["schedule", "api"])
def test_a_run_beside_another_is_repeated(world: World, trigger: str) -> None:
    """What it is for may have come after the other had looked, or the other may not load at all."""
    world.syncs.add(_lake())
    now_ms = int(world.clock().timestamp() * 1000)
    world.ledger().acquire("acme", "syn_1", now_ms=now_ms, lease_ms=60_000)
    world.queue.send([SyncMessage(tenant="acme", sync_id="syn_1", trigger=trigger)])

    (line,) = world.work()

    assert ("stopped", "sync_busy", [60]) == (line["state"], line["code"], world.queue.delays_s)


def test_a_sync_that_was_paused_or_deleted_meanwhile_ends_its_messages(world: World) -> None:
    """They would go round for ever, and wake nobody."""
    sync = world.syncs.add(a_sync())
    asked = SyncMessage(tenant="acme", sync_id="syn_1", trigger="schedule")
    world.syncs.add(replace(sync, enabled=False))
    world.queue.send([asked])
    (paused,) = world.work()
    world.syncs.held.clear()
    world.queue.send([asked])
    (deleted,) = world.work()

    assert ("idle", "sync_not_found") == (paused["state"], deleted["code"])
    assert not world.queue.delays_s


def _running(world: World) -> Load:
    """A load whose statement runs on after the run that has submitted it, until `world` lets it."""
    world.syncs.add(a_sync())
    world.archive(an_event())
    world.planner().sync_one("acme", "syn_1")
    world.pass_time(seconds=1)  # loads are listed by when they were planned
    world.archive(an_event(id="evt_2"))
    world.plan()
    world.redshift.faults.gate.clear()
    world.work(world.planner(statement_wait_s=0))
    (load, _) = world.runs()
    assert LoadState.SUBMITTED is load.state
    return load


def _ended(load: Load) -> SyncMessage:
    """What the queue gets when the statement of a load has ended."""
    return parse_sync(dump({"statementName": f"penstock/{load.name}", "state": "FINISHED"}))


def test_the_end_of_a_statement_ends_its_load(world: World) -> None:
    """Nobody has to wait for it meanwhile, and the next look of our own finds nothing to do."""
    load = _running(world)
    world.redshift.faults.gate.set()
    world.queue.send([_ended(load)] * 2)  # events come twice, too

    (loaded, again) = world.work()
    world.pass_time(minutes=1)
    (looked,) = world.work()

    assert ["loaded", "idle", "idle"] == [line["state"] for line in (loaded, again, looked)]
    assert "schedule" == world.runs()[0].trigger
    assert ["evt_1", "evt_2"] == world.ids()


def test_while_a_statement_runs_nothing_is_made_for_its_load(world: World) -> None:
    """Whoever looks too early costs a call, and not the making of the load's files again."""
    load = _running(world)
    world.queue.send([_ended(load)])  # it was another statement's event, or came out of order
    death = Death()

    (line,) = world.work(world.planner(death, statement_wait_s=0))

    world.death = None
    world.redshift.faults.gate.set()
    assert "submitted" == line["state"]
    assert "DescribeStatement" in death.named
    assert not {"GetObject", "PutObject", "BatchExecuteStatement"} & set(death.named)


def test_the_end_of_a_statement_begins_no_load(world: World) -> None:
    """It is no slot: what has arrived since waits for one."""
    world.syncs.add(_lake())
    world.archive(an_event())
    world.queue.send([_ended(a_load())])

    (line,) = world.work()

    assert "idle" == line["state"]
    assert () == world.runs()
