"""Deliveries and runs in the warehouse: each once, as it stands, and nothing that was sent."""

from dataclasses import replace

import pytest

from runtime.core.archive import raw_log
from runtime.core.archive.raw_log import Kind
from runtime.core.deliveries import raw_row as delivery_row
from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.deliveries.raw_row import DeliveryChange
from runtime.core.functions import raw_row as run_row
from runtime.core.functions.raw_row import RunChange
from runtime.core.functions.run import Outcome, Run
from runtime.core.warehouse.selection import Selection
from tests.builders import NOW, a_delivery, a_run, a_sync, an_attempt
from tests.warehouse import World

LATER = "2026-11-20T13:09:05.123Z"
WAITS = a_delivery(attempts=(an_attempt(status=None, error="timed_out"),))
DELIVERED = replace(
    WAITS,
    status=Status.DELIVERED,
    attempts=(*WAITS.attempts, an_attempt(number=2, started_at=LATER)),
    due_at_ms=None,
    revision=1,
)


def arrive(world: World, record: Delivery | Run) -> None:
    """One batch arrives, with a record as it stands."""
    if isinstance(record, Delivery):
        kind = Kind.DELIVERIES
        row = delivery_row.of(DeliveryChange(before=None, after=record, at=NOW))
    else:
        kind, row = Kind.RUNS, run_row.of(RunChange(before=None, after=record, at=NOW))
    assert row is not None
    world.raw_log().append(raw_log.encode(kind, [row]), now=world.clock())


@pytest.mark.parametrize(
    "steps", [(WAITS, DELIVERED), (DELIVERED, WAITS), (DELIVERED, WAITS, WAITS)]
)
def test_a_delivery_stands_in_the_warehouse_as_its_last_attempt_left_it(
    world: World, steps: tuple[Delivery, ...]
) -> None:
    """In whichever order its rows arrive, in one load or in several."""
    world.syncs.add(a_sync())
    first, *rest = steps
    arrive(world, first)
    world.planner().sync_one("acme", "syn_1")
    for step in rest:
        arrive(world, step)
    world.planner().sync_one("acme", "syn_1")

    (row,) = world.query(
        "SELECT delivery_id, webhook_id, event_id, status, attempts, status_code, duration_ms,"
        " error, first_attempt_at < last_attempt_at AS retried FROM penstock_acme.deliveries"
    )
    assert row == {
        "delivery_id": WAITS.id,
        "webhook_id": "whk_1",
        "event_id": "evt_1",
        "status": "delivered",
        "attempts": 2,
        "status_code": 200,
        "duration_ms": 42,
        "error": None,
        "retried": True,
    }


def test_a_run_stands_in_the_warehouse_as_its_last_attempt_ended(world: World) -> None:
    """A late row of an earlier attempt changes nothing."""
    world.syncs.add(a_sync())
    failed = a_run(outcome=Outcome.RAISED, error={"type": "KeyError", "message": "ada@example.com"})
    for run in (replace(failed, attempt=2), a_run(attempt=3), failed):
        arrive(world, run)
        world.planner().sync_one("acme", "syn_1")

    select = "SELECT outcome, attempts, error_type, duration_ms FROM penstock_acme.function_runs"
    assert world.query(select) == [
        {"outcome": "returned", "attempts": 3, "error_type": None, "duration_ms": 3.5}
    ]


def test_the_lake_has_each_step(world: World) -> None:
    """Whoever has no warehouse counts attempts from the files."""
    world.syncs.add(a_sync())
    arrive(world, WAITS)
    arrive(world, a_run())
    world.planner().sync_one("acme", "syn_1")
    arrive(world, DELIVERED)
    world.planner().sync_one("acme", "syn_1")

    statuses = world.lake("SELECT status FROM lake ORDER BY revision", table="deliveries")
    assert statuses == [("pending",), ("delivered",)]
    assert world.lake("SELECT outcome FROM lake", table="function_runs") == [("returned",)]


def test_a_sync_without_these_tables_takes_none_of_their_rows(world: World) -> None:
    """And its cursor moves on all the same."""
    world.syncs.add(a_sync(selection=Selection(tables=("events",))))
    arrive(world, WAITS)
    world.planner().sync_one("acme", "syn_1")

    assert world.keys("lake/") == []
