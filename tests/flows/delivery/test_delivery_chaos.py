"""Deliveries under faults at every step: nothing lost, no limbo, nothing after the end."""

import contextlib
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from hypothesis import given
from hypothesis import strategies as st

from runtime.core import ids
from runtime.core.access import Access
from runtime.core.attempt import Answered, Failed, Posted
from runtime.core.delivery import Delivery, Status
from runtime.core.messages import DeliverMessage
from runtime.errors import Transient
from runtime.usecases.courier import Courier
from runtime.usecases.deliver_attempt import DeliverAttempts
from runtime.usecases.sweep_due import Sweep, delivery_hint
from runtime.usecases.tend_endpoints import TendEndpoints
from tests.builders import TENANT, a_deliver_message, a_webhook
from tests.delivery_world import admission
from tests.doubles import (
    FakeClock,
    Journal,
    MemoryBus,
    MemoryDeliveries,
    MemoryEndpoints,
    MemoryWebhooks,
    VirtualQueue,
)
from tests.vectors import SECRET_A

T = TypeVar("T")
COUNT = 8
MAX_STEPS = 20_000


class Receivers:
    """Answers by the dice, and keeps what a checker needs: every POST and what it was answered."""

    def __init__(self, dice: random.Random, good: float) -> None:
        self._dice = dice
        self._good = good
        self.log: list[tuple[str, bool]] = []

    async def post(
        self,
        url: str,
        *,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        deadline_s: float,
        access: Access,
    ) -> Posted:
        """200, 503 or a reset."""
        assert url
        assert not access.headers
        assert body
        assert deadline_s
        good = self._dice.random() < self._good
        self.log.append((dict(headers)["webhook-id"], good))
        if good:
            return Posted(happening=Answered(status=200))
        if self._dice.random() < 0.5:
            return Posted(happening=Answered(status=503))
        return Posted(happening=Failed(code="reset", sentence="it broke"))

    def close(self) -> None:
        """Nothing is open."""


class Faults:
    """Makes any call fail by the dice: before it did its work, or after."""

    def __init__(self, dice: random.Random, rate: float) -> None:
        self._dice = dice
        self._rate = rate
        self.count = 0

    def around(self, call: Callable[..., T]) -> Callable[..., T]:
        """The same call, less dependable."""

        def faulty(*args: Any, **kwargs: Any) -> T:
            roll = self._dice.random()
            if roll < self._rate / 2:
                self.count += 1
                raise Transient("the request was lost")
            result = call(*args, **kwargs)
            if roll < self._rate:
                self.count += 1
                raise Transient("the answer was lost")
            return result

        return faulty


@given(
    seed=st.integers(0, 2**32),
    good=st.sampled_from([0.0, 0.3, 0.9]),
    rate=st.sampled_from([0.0, 0.1, 0.4]),
)
def test_every_delivery_ends_and_none_is_lost(seed: int, good: float, rate: float) -> None:
    """A checker recomputes the truth from the receivers' own log."""
    dice = random.Random(seed)  # noqa: S311 - faults that can be had again by their seed
    faults = Faults(dice, rate)
    clock = FakeClock()
    deliveries = MemoryDeliveries()
    queue: VirtualQueue[DeliverMessage] = VirtualQueue(clock)
    for name in ("get", "add", "replace", "lease"):
        setattr(deliveries, name, faults.around(getattr(deliveries, name)))
    webhooks = MemoryWebhooks(a_webhook(retry_schedule_s=(5, 600, 3600, 7200)))
    receivers = Receivers(dice, good)
    started = [
        a_deliver_message(
            delivery_id=ids.delivery_id(TENANT, f"evt_{n}", "whk_1"), event_id=f"evt_{n}"
        )
        for n in range(COUNT)
    ]
    queue.send(started)
    queue.send(started[:2])  # queues deliver twice
    queue.send = faults.around(queue.send)  # type: ignore[method-assign]
    health = MemoryEndpoints()
    for name in ("known", "find", "replace"):
        setattr(health, name, faults.around(getattr(health, name)))
    deliver = DeliverAttempts(
        deliveries=deliveries,
        webhooks=webhooks,
        subscriptions=webhooks,
        hints=queue,
        courier=Courier(sender=receivers, open_secret=lambda _tenant, _sealed: SECRET_A),
        admit=admission(health, clock, dice.random),
        endpoints=TendEndpoints(
            endpoints=health, webhooks=webhooks, bus=MemoryBus(), clock=clock, journal=Journal()
        ),
        clock=clock,
        dice=dice.random,
        journal=Journal(),
    )
    sweep = Sweep(
        records=deliveries,
        hints=queue,
        hint_of=delivery_hint,
        is_hinted=lambda delivery: delivery.hinted,
        shards=("0",),
        clock=clock,
    )

    steps = _run_to_the_end(deliver, sweep, queue=queue, deliveries=deliveries, clock=clock)
    deliver.close()

    assert steps < MAX_STEPS
    assert set(deliveries.by_id) == {message.delivery_id for message in started}
    _check(deliveries.by_id, receivers, faultless=not faults.count)


def _check(records: Mapping[str, Delivery], receivers: Receivers, *, faultless: bool) -> None:
    posts = Counter(message_id for message_id, _ in receivers.log)
    for record in records.values():
        answers = [ok for message_id, ok in receivers.log if message_id == record.id]
        assert record.status in (Status.DELIVERED, Status.DEAD)
        assert record.due_at_ms is None
        assert len(record.attempts) <= posts[record.id]
        if record.status is Status.DELIVERED:
            assert any(answers)
        else:
            assert len(record.attempts) == 5
    if faultless:
        assert all(posts[record.id] == len(record.attempts) for record in records.values())


def _run_to_the_end(
    deliver: DeliverAttempts,
    sweep: "Sweep[Any, DeliverMessage]",
    *,
    queue: VirtualQueue[DeliverMessage],
    deliveries: MemoryDeliveries,
    clock: FakeClock,
) -> int:
    """Deliver what shows, sweep every minute; how many rounds it took until nothing was left."""
    for step in range(MAX_STEPS):
        batch = queue.take(10)
        for message, problem in zip(batch, deliver.deliver_all(batch), strict=True):
            if problem is not None:
                queue.put_back(message, after_s=30)
        with contextlib.suppress(Transient):  # the schedule starts the next one in a minute
            sweep()
        idle = queue.next_at is None
        if idle and all(r.status is not Status.PENDING for r in deliveries.by_id.values()):
            return step
        clock.advance(60)
    return MAX_STEPS
