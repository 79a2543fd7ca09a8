"""From an event to messages."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from runtime.core import ids
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.functions.messages import RunMessage
from runtime.core.ids import Key
from runtime.core.json_text import dump, load
from runtime.errors import BadInput, PenstockError, Permanent, Transient
from runtime.usecases.matching.fan_out import FanOut
from tests.builders import TENANT, a_bus_event, a_function, a_webhook, an_envelope
from tests.doubles import (
    Failing,
    FakeClock,
    Journal,
    MemoryErasures,
    MemoryEvents,
    MemoryWebhooks,
)
from tests.quota import Left
from tests.virtual_queue import VirtualQueue


class World:
    """One tenant's subscriptions and two queues."""

    def __init__(self, *webhooks: Any, functions: Iterable[Any] = ()) -> None:
        clock = FakeClock()
        self.deliver: VirtualQueue[DeliverMessage] = VirtualQueue(clock)
        self.run: VirtualQueue[RunMessage] = VirtualQueue(clock)
        self.subscriptions = MemoryWebhooks(*webhooks, functions=functions)
        self.events = MemoryEvents()
        self.erasures, self.journal = MemoryErasures(), Journal()
        self.fan_out = FanOut(
            events=self.events,
            subscriptions=self.subscriptions,
            deliver=self.deliver,
            run=self.run,
            erasures=self.erasures,
            clock=clock,
            journal=self.journal,
        )

    def __call__(self, *bodies: object) -> list[PenstockError | None]:
        """Fan these out; what is not text is written as JSON."""
        return self.fan_out([each if isinstance(each, str) else dump(each) for each in bodies])

    @property
    def deliveries(self) -> list[DeliverMessage]:
        """What went to the deliver queue."""
        return [message for message, _ in self.deliver.sent]

    @property
    def runs(self) -> list[RunMessage]:
        """What went to the run queue."""
        return [message for message, _ in self.run.sent]


def test_each_event_is_kept_whoever_wants_it() -> None:
    """So that whatever comes of it can be done again, and a function of later can have it."""
    world = World()

    assert world(a_bus_event(), a_bus_event(an_envelope(id="evt_2")), "{")[:2] == [None, None]

    assert {"evt_1", "evt_2"} == {key.id for key in world.events.by_key}


def test_an_event_that_cannot_be_kept_comes_again_and_sends_nothing() -> None:
    """Else it might be delivered, and could not be sent again."""
    world = World(a_webhook(), functions=[a_function()])
    down = Transient("the table does not answer", code="aws_unavailable")
    world.events.put = Failing(world.events.put, down)  # type: ignore[method-assign]

    kept, unreadable = world(a_bus_event(), "{")

    assert isinstance(kept, Transient)
    assert isinstance(unreadable, BadInput)
    assert ([], []) == (world.deliveries, world.runs)


def test_a_webhook_gets_a_message_with_the_body_to_sign() -> None:
    """Rendered once: what is signed is what was matched."""
    world = World(a_webhook())

    assert world(a_bus_event()) == [None]

    (message,) = world.deliveries
    assert message.delivery_id == ids.delivery_id(TENANT, "evt_1", "whk_1")
    assert (message.attempt, message.group) == (1, "acme#whk_1")
    assert load(message.body or "") == {
        "type": "message.email.clicked",
        "timestamp": "2026-11-20T13:04:05.123Z",
        "data": {
            "id": "evt_1",
            "profile": {"external_id": "customer-1", "email": "ada@example.com"},
            "properties": {"url": "https://shop.example.com/", "campaign": "autumn"},
            "origin": "api",
        },
    }


def test_a_function_gets_a_run_and_a_transform_runs_for_its_webhook() -> None:
    """A webhook with a transform is delivered to after its function, not beside it."""
    world = World(a_webhook(transform="shape"), functions=[a_function()])

    world(a_bus_event())

    assert world.deliveries == []
    assert [(run.function, run.webhook_id) for run in world.runs] == [
        ("vip-orders", None),
        ("shape", "whk_1"),
    ]
    assert len({run.run_id for run in world.runs}) == 2
    assert world.runs[0].event == an_envelope()


def test_an_event_seen_again_makes_the_same_messages() -> None:
    """Redeliveries and replays repeat, never multiply."""
    world = World(a_webhook(), functions=[a_function()])

    world(a_bus_event())
    world(a_bus_event() | {"replay-name": "again", "id": "another"})

    first, again = world.deliveries
    assert (first.accepted_at, again.accepted_at) == ("2026-11-20T13:04:05.000Z", None)
    assert replace(first, accepted_at=None) == again  # nobody waits for what comes again
    assert world.runs[0] == world.runs[1]


def test_a_missing_time_is_the_buss_so_that_a_redelivery_reads_the_same() -> None:
    """The clock of whoever fans out must not get into the body."""
    world = World(a_webhook())
    body = a_bus_event(an_envelope(occurred_at=..., received_at=...))

    world(body)

    assert load(world.deliveries[0].body or "")["timestamp"] == "2026-11-20T13:04:05.000Z"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("not json", "not_json"),
        ("[]", "not_from_the_bus"),
        ("{}", "not_from_the_bus"),
        (a_bus_event([]), "not_an_object"),
        (a_bus_event(an_envelope(id=...)), "missing_id"),
        (a_bus_event(an_envelope(tenant=...)), "missing_tenant"),
        (a_bus_event(an_envelope(topic=...)), "bad_topic"),
        (a_bus_event(an_envelope(hops=9)), "loop"),
        (a_bus_event(an_envelope(properties=5)), "bad_properties"),
        (a_bus_event(an_envelope(extra=1)), "unknown_field"),
        (dump(a_bus_event()).replace('"autumn"', "NaN"), "not_json"),
        (dump(a_bus_event()).replace('"autumn"', '"\\ud800"'), "lone_surrogate"),
        (dump(a_bus_event()).replace('"autumn"', "[" * 70 + "]" * 70), "too_deep"),
        (a_bus_event(an_envelope(properties={"x": "y" * 300_000})), "too_large"),
    ],
)
def test_a_record_that_is_no_event_is_told_apart_and_the_others_go_through(
    body: object, code: str
) -> None:
    """One poisoned record must not hold a batch, nor vanish."""
    world = World(a_webhook())

    first, second = world(body, a_bus_event(an_envelope(id="evt_good")))

    assert isinstance(first, BadInput)
    assert first.code == code
    assert second is None
    assert [message.event_id for message in world.deliveries] == ["evt_good"]


def test_events_go_to_their_own_tenants_webhooks_only() -> None:
    """The first promise of a multi-tenant product."""
    world = World(a_webhook(), a_webhook(id="whk_2", tenant="other"))

    world(a_bus_event(an_envelope(tenant="other")))

    assert [(m.tenant, m.webhook_id) for m in world.deliveries] == [("other", "whk_2")]


def test_a_queue_that_fails_brings_back_only_the_records_it_concerns() -> None:
    """A broken run queue must not repeat deliveries."""
    world = World(a_webhook(), functions=[a_function(topics=("metric.vip",))])
    world.run.send = Failing(world.run.send, Transient("no"))  # type: ignore[method-assign]

    clicked = a_bus_event()
    vip = a_bus_event(an_envelope(id="evt_2", topic="metric.vip"))
    results = world(clicked, vip)

    assert results[0] is None
    assert isinstance(results[1], Transient)
    assert len(world.deliveries) == 1


def test_subscriptions_that_cannot_be_read_bring_the_record_back() -> None:
    """Not knowing who wants an event is no reason to drop it."""
    world = World(a_webhook())
    read = Failing(world.subscriptions.for_tenant, Transient("no"))
    world.subscriptions.for_tenant = read  # type: ignore[method-assign]

    first, second = world(a_bus_event(), a_bus_event(an_envelope(id="evt_2")))

    assert isinstance(first, Transient)
    assert second is None


def test_an_event_that_nobody_wants_is_done() -> None:
    """No message, no error."""
    world = World()

    assert world(a_bus_event()) == [None]
    assert world.deliveries == []
    assert world.runs == []


def test_an_event_about_an_erased_person_is_dropped_and_counted() -> None:
    """It is neither kept nor matched, and no error: the others of its batch go on."""
    world = World(a_webhook())
    world.erasures.events.add(Key(TENANT, "evt_gone"))

    results = world(a_bus_event(an_envelope(id="evt_gone")), a_bus_event(an_envelope(id="evt_2")))

    assert [None, None] == results
    assert ["evt_2"] == [key.id for key in world.events.by_key]
    assert ["evt_2"] == [message.event_id for message in world.deliveries]
    assert [("event.erased", "evt_gone", "dropped")] == [
        (line["message"], line["event_id"], line["outcome"]) for line in world.journal.lines
    ]


def test_an_event_beyond_its_tenants_quota_is_parked_with_the_reason() -> None:
    """It is not matched and not lost: on another day somebody moves it back."""
    world, quota = World(a_webhook()), Left(1)
    world.fan_out = replace(world.fan_out, quota=quota)
    puts = [a_bus_event(an_envelope(id=f"evt_{number}", origin="bus")) for number in (1, 2)]

    taken, beyond = world(*puts)

    assert taken is None
    assert isinstance(beyond, Permanent)
    assert "quota_exceeded" == beyond.code
    assert ["evt_1"] == [each.event_id for each in world.deliveries]
    assert {"evt_1"} == {key.id for key in world.events.by_key}


@pytest.mark.parametrize("origin", ["api", "system"])
def test_what_the_api_has_counted_and_what_we_tell_is_not_counted_again(origin: str) -> None:
    """An event must not count twice, nor the notice that the quota is used up at all."""
    world, quota = World(a_webhook()), Left(0)
    world.fan_out = replace(world.fan_out, quota=quota)

    assert [None] == world(a_bus_event(an_envelope(origin=origin)))
    assert [] == quota.counted
