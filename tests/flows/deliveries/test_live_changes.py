"""A change to a webhook or a trigger reaches every warm worker within five seconds."""

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Final

import pytest

from runtime.core import ids
from runtime.core.deliveries.delivery import Status
from runtime.core.json_text import dump
from runtime.stores.matching.subscriptions import Subscriptions
from runtime.stores.webhooks.known_webhooks import KnownWebhooks
from runtime.stores.webhooks.webhooks import Webhooks
from runtime.usecases.matching.fan_out import FanOut
from tests.builders import (
    NOW,
    TENANT,
    a_bus_event,
    a_deliver_message,
    a_trigger,
    a_version,
    a_webhook,
    an_envelope,
)
from tests.cloud import Cloud
from tests.delivery_world import World
from tests.doubles import FakeClock, Journal, MemoryErasures
from tests.runs import Platform, a_planned_run
from tests.scripted_receiver import ScriptedReceiver
from tests.virtual_queue import VirtualQueue

if TYPE_CHECKING:
    from collections.abc import Callable

    from runtime.core.deliveries.messages import DeliverMessage
    from runtime.core.functions.messages import RunMessage

SOON_S: Final = 5  # what is promised


class Warm:
    """Fanout, run and deliver, each a process that has been asked before, on one virtual clock."""

    def __init__(self, cloud: Cloud, *, receiver: ScriptedReceiver, world: World) -> None:
        self.webhooks = Webhooks(config=cloud.config)
        self.platform = Platform(cloud)
        self.clock = self.platform.clock
        self._receiver, self._world = receiver, world
        self._numbers = count(1)
        self._deliver_queue: VirtualQueue[DeliverMessage] = VirtualQueue(self.clock)
        self._run_queue: VirtualQueue[RunMessage] = VirtualQueue(self.clock)
        self._fan_out = FanOut(
            events=cloud.events,
            subscriptions=Subscriptions(config=cloud.config, clock=self.clock),
            deliver=self._deliver_queue,
            run=self._run_queue,
            erasures=MemoryErasures(),
            clock=self.clock,
            journal=Journal(),
        )
        world.deliver = replace(
            world.deliver,
            known_webhooks=KnownWebhooks(config=cloud.config, clock=self.clock),
            webhooks=self.webhooks,
        )
        self.seen()

    def soon(self) -> None:
        """Let the promised time pass."""
        self.clock.advance(SOON_S)

    def seen(self) -> tuple[list[str], str]:
        """To whom an event goes, and where a delivery to the webhook ends."""
        return self.fanned_out(), self.delivered()

    def fanned_out(self, *, topic: str = "message.email.clicked") -> list[str]:
        """To whom an event goes."""
        for queue in (self._deliver_queue, self._run_queue):
            queue.sent.clear()
        event = an_envelope(id=f"evt_{next(self._numbers)}", topic=topic)
        assert [None] == self._fan_out([dump(a_bus_event(event))])
        hints = [message.webhook_id for message, _ in self._deliver_queue.sent]
        return hints + [message.function for message, _ in self._run_queue.sent]

    def delivered(self) -> str:
        """The path that it was sent to, or the reason why it was not."""
        key = ids.delivery_id(TENANT, f"evt_{next(self._numbers)}", "whk_1")
        assert [None] == self._world.deliver_now(a_deliver_message(delivery_id=key))
        record = self._world.deliveries.by_id[key]
        if record.status is Status.DELIVERED:
            return self._receiver.received[-1].target
        return str(record.reason)

    def ran(self) -> int:
        """The version that an event is run through."""
        planned_run = a_planned_run(next(self._numbers))
        assert [None] == self.platform.run(planned_run)
        return self.platform.record(planned_run).version


@pytest.fixture
def warm(cloud: Cloud, receiver: ScriptedReceiver, world: World) -> Warm:
    """Workers that know that there is nothing yet."""
    return Warm(cloud, receiver=receiver, world=world)


def test_a_webhook_is_live_where_it_was_changed_to_within_five_seconds(
    warm: Warm, receiver: ScriptedReceiver
) -> None:
    """Whoever changes an endpoint watches what arrives there."""
    first = a_webhook(url=receiver.url("/first"))
    moved = replace(first, url=receiver.url("/moved"))
    choosy = replace(moved, filter={"id": ["another"]})
    changes: list[Callable[[], None]] = [
        lambda: warm.webhooks.add(first),
        lambda: warm.webhooks.replace(first, moved),
        lambda: warm.webhooks.replace(moved, choosy),
        lambda: warm.webhooks.replace(choosy, moved),
        lambda: warm.webhooks.disable(TENANT, "whk_1", reason="paused", at=NOW),
        lambda: warm.webhooks.delete(TENANT, "whk_1"),
    ]

    seen = []
    for change in changes:
        change()
        warm.soon()
        seen.append(warm.seen())

    assert seen == [
        (["whk_1"], "/first"),
        (["whk_1"], "/moved"),
        ([], "/moved"),  # what was matched before is still delivered
        (["whk_1"], "/moved"),
        (["whk_1"], "webhook_disabled"),  # matched, to be on record as skipped
        ([], "webhook_deleted"),
    ]


def test_a_trigger_is_live_as_it_was_changed_to_within_five_seconds(warm: Warm) -> None:
    """Both to whom events go, and which version they run through."""
    functions = warm.platform.functions
    first = warm.platform.publish()
    warm.soon()
    seen = [(warm.fanned_out(), warm.ran())]

    pushed = functions.add_version(first, a_version(version=2))
    second = replace(pushed, live_version=2)
    deaf = replace(second, triggers=())
    choosy = replace(
        second, triggers=(a_trigger("message.email.clicked", filter={"id": ["another"]}),)
    )
    for old, new in ((pushed, second), (second, deaf), (deaf, choosy), (choosy, second)):
        functions.replace(old, new)
        warm.soon()
        seen.append((warm.fanned_out(), warm.ran()))

    assert seen == [
        (["vip-orders"], 1),
        (["vip-orders"], 2),
        ([], 2),
        ([], 2),
        (["vip-orders"], 2),
    ]


def test_an_event_about_a_change_hides_no_later_change(warm: Warm) -> None:
    """Each change sends an event; a webhook that was made right after it gets the next one."""
    warm.soon()
    assert [] == warm.fanned_out(topic="audit.function.created")
    warm.webhooks.add(a_webhook())

    assert ["whk_1"] == warm.fanned_out()


def test_a_clock_that_was_set_back_makes_nothing_fresh(cloud: Cloud) -> None:
    """Else a change would wait until the clock has caught up."""
    clock = FakeClock()
    subscriptions = Subscriptions(config=cloud.config, clock=clock)
    before = subscriptions.for_tenant(TENANT)
    Webhooks(config=cloud.config).add(a_webhook())
    clock.advance(-3600)

    assert subscriptions.for_tenant(TENANT) is not before
