"""What the sweep sends, and when: on time what has no hint, late what has one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from runtime.core.deliveries.attempt import Answered, Posted
from runtime.core.deliveries.delivery import Delivery
from runtime.core.deliveries.hints import delivery_hint
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.functions.hints import hint_delay_s
from runtime.core.functions.run import Outcome
from runtime.core.pacing.rate_limit import Per, RateLimit
from runtime.stores.tables import shards
from runtime.usecases.sweep import BATCH, GRACE_S, LEASE_S, Sweep
from tests.builders import NOW_MS, TENANT, a_delivery, a_run, a_webhook
from tests.cloud import Cloud
from tests.delivery_world import World, messages
from tests.doubles import FakeClock, MemoryDeliveries
from tests.virtual_queue import VirtualQueue

PERIOD_S = 60


def a_sweep(store: MemoryDeliveries, clock: FakeClock) -> Sweep[Delivery, DeliverMessage]:
    """Of these deliveries."""
    return Sweep(
        records=store,
        hints=VirtualQueue(clock),
        hint_of=delivery_hint,
        is_hinted=lambda delivery: delivery.hinted,
        shards=("0",),
        clock=clock,
    )


@pytest.mark.parametrize(("hinted", "grace_s"), [(False, 0), (True, GRACE_S)])
def test_a_hint_of_its_own_gets_time_and_without_one_it_is_sent_when_due(
    *, hinted: bool, grace_s: int
) -> None:
    """Grace for what nobody serves is nothing but delay; none for the others is a second POST."""
    clock, store = FakeClock(), MemoryDeliveries()
    store.add(a_delivery(due_at_ms=NOW_MS + 5_000, hinted=hinted))
    sweep = a_sweep(store, clock)
    clock.advance(5 + grace_s - 0.001)

    before = sweep()
    clock.advance(0.001)

    assert (before, sweep()) == (0, 1)


@pytest.mark.parametrize("hinted", [False, True])
def test_a_hint_that_was_lost_is_sent_again_and_one_that_is_served_is_not_doubled(
    *, hinted: bool
) -> None:
    """A message may wait, and its POST takes time: the next minute's sweep is too soon."""
    clock, store = FakeClock(), MemoryDeliveries()
    store.add(a_delivery(due_at_ms=NOW_MS, hinted=hinted))
    sweep = a_sweep(store, clock)
    clock.advance(PERIOD_S)
    assert sweep() == 1

    clock.advance(PERIOD_S)
    assert sweep() == 0
    clock.advance(LEASE_S + GRACE_S - PERIOD_S)
    assert sweep() == 1


def test_what_has_a_hint_does_not_stand_in_the_way_of_what_has_none() -> None:
    """A thousand short retries may come due in the same half minute."""
    clock, store = FakeClock(), MemoryDeliveries()
    for number in range(50):
        store.add(a_delivery(id=f"dlv_{number}", due_at_ms=NOW_MS + number, hinted=number < 49))
    sweep = a_sweep(store, clock)
    clock.advance(1)

    assert sweep() == 1


def test_a_tenants_backlog_keeps_no_other_waiting_for_its_end(cloud: Cloud) -> None:
    """An endpoint that was down for a day leaves more than a sweep gets done in its minute."""
    backlog = [a_delivery(id=f"dlv_{number}", due_at_ms=NOW_MS) for number in range(60)]
    crowded = shards.delivery_shards(TENANT)
    others = {name: shards.delivery_shards(name) for name in ("rival", "third", "fourth", "fifth")}
    late = [
        a_delivery(id=f"dlv_{name}", tenant=name, due_at_ms=NOW_MS + 999)
        for name, shards in others.items()
        if shards != crowded
    ]
    for each in (*backlog, *late):
        cloud.deliveries.add(each)
    clock = FakeClock()
    clock.advance(1)
    queue: VirtualQueue[DeliverMessage] = VirtualQueue(clock)
    sweep = Sweep(
        records=cloud.deliveries,
        hints=queue,
        hint_of=delivery_hint,
        is_hinted=lambda delivery: delivery.hinted,
        shards=shards.DELIVERY_SHARDS,
        clock=clock,
        limit=len(crowded) * BATCH + len(late),
    )

    swept = sweep()

    assert late
    assert {each.id for each in late} <= {hint.delivery_id for hint, _ in queue.sent}
    assert swept < len(backlog) + len(late)
    assert swept + sweep() == len(backlog) + len(late)


class Broken:
    """A receiver that always fails, at once."""

    async def post(self, *_: object, **__: object) -> Posted:
        """500."""
        return Posted(happening=Answered(status=500))

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def broken(worlds: list[World]) -> Callable[..., World]:
    """A world whose receiver fails."""

    def make(**changes: object) -> World:
        world = World(a_webhook(url="http://localhost/", **changes))
        world.deliver.courier.close()
        courier = replace(world.deliver.courier, sender=Broken())
        world.deliver = replace(world.deliver, courier=courier)
        worlds.append(world)
        return world

    return make


def test_a_retry_says_whether_its_hint_is_on_the_queue(broken: Callable[..., World]) -> None:
    """The record is all that the sweep knows."""
    world = broken(retry_schedule_s=(900, 901))

    world.deliver_now()
    short = world.record
    world.clock.advance(900)
    world.deliver_now(delivery_hint(short))

    assert (short.hinted, world.record.hinted) == (True, False)
    assert [delay_s for _, delay_s in world.queue.sent] == [900]


def test_a_long_retry_is_at_most_one_sweep_late_and_made_once(
    broken: Callable[..., World],
) -> None:
    """Every step of the default schedule that the queue cannot hold."""
    world = broken()
    world.queue.send(messages(1))
    due_s: dict[int, float] = {}
    end = world.clock() + timedelta(hours=100)
    while world.clock() < end:
        world.sweep()
        for _ in range(PERIOD_S // 20):
            world.deliver.deliver_all(world.queue.take())
            if world.record.due_at_ms is not None:
                due_s.setdefault(world.record.next_attempt, world.record.due_at_ms / 1000)
            world.clock.advance(20)

    made = world.record.attempts
    late_s = [
        (each.number, round(FakeClock(each.started_at)().timestamp() - due_s[each.number]))
        for each in made[1:]
    ]
    assert [each.number for each in made] == list(range(1, 11))
    assert all(0 <= seconds <= PERIOD_S for _, seconds in late_s), late_s
    assert len(world.queue.sent) == len(made)


def test_a_far_ticket_of_a_rate_limit_is_left_to_the_sweep(broken: Callable[..., World]) -> None:
    """Nearer ones wait on the queue."""
    world = broken(rate_limit=RateLimit(count=1, per=Per.HOUR))

    world.deliver_now(*messages(3))

    held = [each for each in world.deliveries.by_id.values() if each.reason == "rate_limited"]
    assert len(held) == 2
    assert not any(each.hinted for each in held)
    assert {hint.delivery_id for hint, _ in world.queue.sent}.isdisjoint(each.id for each in held)


@pytest.mark.parametrize(("due_s", "expected"), [(None, None), (5, 5), (900, 900), (901, None)])
def test_a_run_hints_within_the_queues_reach(due_s: int | None, expected: int | None) -> None:
    """And what sends the hint and what looks for lost ones ask the same question."""
    due_at_ms = None if due_s is None else NOW_MS + due_s * 1000
    run = a_run(outcome=Outcome.RETRY, due_at_ms=due_at_ms)

    assert hint_delay_s(run, queue_delay_max_s=900) == expected
