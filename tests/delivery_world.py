"""Deliver and sweep on a virtual clock, with everything in memory but the way out."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any, Final

from runtime.core import ids
from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.deliveries.hints import delivery_hint
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.webhooks.webhook import Webhook
from runtime.egress.client import Egress
from runtime.egress.policy import EgressPolicy
from runtime.egress.sender import Sender
from runtime.errors import PenstockError, Transient
from runtime.races import Races
from runtime.usecases.deliveries.courier import Courier
from runtime.usecases.deliveries.deliver_attempt import DeliverAttempts
from runtime.usecases.pacing.admit_deliveries import AdmitDeliveries
from runtime.usecases.pacing.tend_endpoints import TendEndpoints
from runtime.usecases.sweep import Sweep
from tests.builders import TENANT, a_deliver_message
from tests.doubles import (
    FakeClock,
    Journal,
    MemoryBus,
    MemoryDeliveries,
    MemoryEndpoints,
    MemoryErasures,
    MemoryTurns,
    MemoryWebhooks,
)
from tests.vectors import SECRET_A, SECRET_B
from tests.virtual_queue import VirtualQueue

VISIBILITY_S: Final = 60  # how long a message that failed stays away


def admission(
    health: MemoryEndpoints,
    clock: FakeClock,
    dice: Callable[[], float] = lambda: 0.5,
    is_paused: Callable[[], bool] = lambda: False,
) -> AdmitDeliveries:
    """Breakers, caps and limits in memory."""
    owners = count(1)
    return AdmitDeliveries(
        endpoints=health,
        turns=MemoryTurns(clock),
        clock=clock,
        dice=dice,
        new_owner=lambda: f"batch {next(owners)}",
        is_paused=is_paused,
    )


class World:
    """Everything that deliver and sweep need, in memory, and a real way out."""

    def __init__(self, *webhooks: Webhook, queue_delay_max_s: int = 900, **egress: Any) -> None:
        self.clock = FakeClock()
        self.paused = False
        self.webhooks = MemoryWebhooks(*webhooks)
        self.deliveries = MemoryDeliveries()
        self.queue: VirtualQueue[DeliverMessage] = VirtualQueue(self.clock)
        self.journal = Journal()
        self.health = MemoryEndpoints()
        self.erasures = MemoryErasures()
        self.bus = MemoryBus()
        self.tend = TendEndpoints(
            endpoints=self.health,
            webhooks=self.webhooks,
            bus=self.bus,
            clock=self.clock,
            journal=self.journal,
            races=Races(pause=lambda _s: None),
        )
        self.secrets = {"sealed": SECRET_A, "older": SECRET_B}
        self.deliver = DeliverAttempts(
            deliveries=self.deliveries,
            erasures=self.erasures,
            webhooks=self.webhooks,
            known_webhooks=self.webhooks,
            hints=self.queue,
            courier=Courier(
                sender=Sender(Egress(EgressPolicy(allow_local=True), **egress)),
                open_secret=lambda _tenant, sealed: self.secrets[sealed],
            ),
            admit=admission(self.health, self.clock, is_paused=lambda: self.paused),
            endpoints=self.tend,
            clock=self.clock,
            dice=lambda: 0.5,
            journal=self.journal,
            queue_delay_max_s=queue_delay_max_s,
        )
        self.sweep = Sweep(
            records=self.deliveries,
            hints=self.queue,
            hint_of=delivery_hint,
            is_hinted=lambda delivery: delivery.hinted,
            shards=("0", "1"),
            clock=self.clock,
            is_paused=lambda: self.paused,
        )

    def deliver_now(self, *messages: DeliverMessage) -> list[PenstockError | None]:
        """One batch."""
        return self.deliver.deliver_all(messages or [a_deliver_message()])

    def run(self, *messages: DeliverMessage, hours: float = 100) -> None:
        """Work the queue and sweep every minute until nothing is due any more."""
        self.queue.send(messages)
        end = self.clock() + timedelta(hours=hours)
        while self.clock() < end and (self._work() or self._pending()):
            self._move_on()

    def _work(self) -> bool:
        batch = self.queue.take()
        for message, problem in zip(batch, self.deliver.deliver_all(batch), strict=True):
            if isinstance(problem, Transient):
                self.queue.put_back(message, after_s=VISIBILITY_S)
        return bool(batch)

    def _pending(self) -> bool:
        waiting = any(d.status is Status.PENDING for d in self.deliveries.by_id.values())
        return waiting or self.queue.next_at is not None

    def _move_on(self) -> None:
        """To the next message or the next sweep that finds something."""
        waiting = [d for d in self.deliveries.by_id.values() if d.due_at_ms is not None]
        now_s = self.clock().timestamp()
        times = [(d.due_at_ms or 0) / 1000 + (31 if d.hinted else 0) for d in waiting]
        if self.queue.next_at is not None:
            times.append(self.queue.next_at.timestamp())
        if times:
            self.clock.advance(max(0.0, min(times) - now_s))
        self.sweep()

    @property
    def record(self) -> Delivery:
        """The one delivery."""
        (record,) = self.deliveries.by_id.values()
        return record


def messages(number: int, **changes: Any) -> list[DeliverMessage]:
    """First attempts of so many deliveries."""
    return [
        a_deliver_message(
            delivery_id=ids.delivery_id(TENANT, f"evt_{n}", "whk_1"), event_id=f"evt_{n}", **changes
        )
        for n in range(number)
    ]
