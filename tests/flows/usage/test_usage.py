"""What tenants used, counted by the raw log: each thing once, whatever arrives twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.core.archive import raw_log
from runtime.core.archive.raw_log import Kind
from runtime.core.deliveries import raw_row as delivery_row
from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.deliveries.raw_row import DeliveryChange
from runtime.core.events.envelope import Event
from runtime.core.functions import raw_row as run_row
from runtime.core.functions.raw_row import RunChange
from runtime.core.functions.run import Outcome
from runtime.core.timestamps import moment, timestamp
from runtime.core.usage.usage import Usage
from runtime.stores.archive.raw_log import RawLog
from runtime.stores.usage.raw_usage import RawUsage
from runtime.stores.usage.usages import Usages
from runtime.usecases.usage.count_usage import CountUsage
from tests.builders import NOW, TENANT, a_delivery, a_run, an_attempt, an_event
from tests.cloud import Cloud, in_process
from tests.doubles import FakeClock, MemoryBus

DAY = NOW[:10]
AT = moment(NOW)
NEXT_NIGHT = timestamp(datetime.fromisoformat(f"{DAY}T00:15:00Z") + timedelta(days=1))


class World:
    """A raw log, and what counts it in the night."""

    def __init__(self, cloud: Cloud, scratch: Path) -> None:
        self.log = RawLog(bucket=cloud.bucket, table=cloud.table("ledger", sort="sk"))
        self.bus = MemoryBus()
        self.usages = Usages(table=self.log.table)
        self.clock = FakeClock(NEXT_NIGHT)
        self.count = CountUsage(
            raw_usage=RawUsage(raw_log=self.log, scratch=scratch),
            usages=self.usages,
            bus=self.bus,
            clock=self.clock,
            kept_days=30,
        )

    def events(self, *events: Event, at: datetime = AT) -> None:
        """A batch of events arrives."""
        self.log.append(raw_log.encode_events(events), now=at)

    def delivery(self, delivery: Delivery, *, written_at: str = NOW) -> None:
        """A batch with a delivery's record as it stands."""
        row = delivery_row.of(DeliveryChange(before=None, after=delivery, at=written_at))
        assert row is not None
        self.log.append(raw_log.encode(Kind.DELIVERIES, [row]), now=AT)

    def used(self, tenant: str = TENANT) -> list[Usage]:
        """What the tenant is shown."""
        return self.usages.between(tenant, since=None, until=None)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An account of its own, in which nothing has arrived."""
    with in_process() as cloud:
        yield World(cloud, tmp_path)


def test_events_are_counted_once_by_tenant_and_day(world: World) -> None:
    """A batch that was archived twice beside other events is what at-least-once means."""
    one, two = an_event(id="evt_1"), an_event(id="evt_2")
    world.events(one, two)
    world.events(two, an_event(id="evt_1", tenant="globex"))
    world.events(an_event(id="evt_3"), at=AT + timedelta(days=1))

    world.count()

    size = len('{"external_id":"customer-1","email":"ada@example.com"}') + len(
        '{"url":"https://shop.example.com/","campaign":"autumn"}'
    )
    assert [Usage(tenant=TENANT, day=DAY, events=2, event_bytes=2 * size)] == world.used()
    assert [1] == [each.events for each in world.used("globex")]


def test_attempts_and_runs_are_counted_and_nothing_else_that_is_written(world: World) -> None:
    """A delivery that is put off, or sent again next month, makes no attempt by that."""
    tried = a_delivery()
    delivered = replace(
        tried, attempts=(*tried.attempts, an_attempt(number=2)), status=Status.DELIVERED
    )
    later = timestamp(AT + timedelta(minutes=5))
    world.delivery(replace(tried, attempts=(), reason="delivery_paused"))
    world.delivery(tried)
    world.delivery(replace(tried, reason="circuit_open"), written_at=later)
    world.delivery(delivered)
    world.delivery(replace(delivered, status=Status.PENDING), written_at=later)
    runs = [a_run(), a_run(attempt=2), a_run(id="run_2", outcome=Outcome.SKIPPED)]
    rows = [run_row.of(RunChange(before=None, after=run, at=NOW)) for run in runs]
    world.log.append(raw_log.encode(Kind.RUNS, [row for row in rows if row]), now=AT)

    world.count()

    assert [Usage(tenant=TENANT, day=DAY, deliveries=1, attempts=2, runs=2)] == world.used()


def test_each_tenant_is_told_of_each_day_once(world: World) -> None:
    """The next call, a minute or a night later, finds nothing to count."""
    world.events(an_event(), an_event(tenant="globex"))

    assert [3, 0] == [world.count() for _ in range(2)]

    assert {(TENANT, "monitor.usage"), ("globex", "monitor.usage")} == {
        (event.tenant, event.topic) for event in world.bus.events
    }
    assert {"day": DAY, "events": 1} == {
        name: world.bus.events[0].properties[name] for name in ("day", "events")
    }


def test_a_day_is_not_counted_before_all_of_it_has_been_written_down(world: World) -> None:
    """A batch gets its time a moment before it gets its number."""
    world.events(an_event())
    world.clock.advance(-1)

    world.count()

    assert [] == world.used()


def test_a_day_that_nobody_counted_is_made_up_for(world: World) -> None:
    """A night in which AWS fails must cost nobody a day."""
    world.events(an_event())
    world.clock.advance(2 * 86_400)

    world.count()

    assert [DAY] == [each.day for each in world.used()]


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=4), min_size=1, max_size=5))
def test_however_events_come_again_their_ids_are_counted(
    tmp_path: Path, batches: list[list[int]]
) -> None:
    """In any batches, in any order."""
    with in_process() as cloud:
        world = World(cloud, tmp_path)
        for numbers in batches:
            world.events(*(an_event(id=f"evt_{number}") for number in numbers))

        world.count()

        ids = {number for numbers in batches for number in numbers}
        assert [len(ids)] == [each.events for each in world.used()]
