"""Each event is kept before anything is sent of it, wherever the process that does so may die."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from runtime.core import ids
from runtime.core.events.envelope import Event
from runtime.core.ids import Key
from runtime.core.json_text import dump
from runtime.usecases.matching.fan_out import FanOut
from tests.builders import a_bus_event, a_function, a_webhook, an_event
from tests.cloud import Cloud
from tests.doubles import FakeClock, Journal, MemoryErasures, MemoryWebhooks
from tests.mortal import KilledError, Life, mortal

TENANTS = ("acme", "globex")
# One in a quarter is too large for its record, and rests on S3.
NOISE = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(12_000))
EVENTS = [
    an_event(id=f"evt_{n}", tenant=TENANTS[n % 2], properties={"x": NOISE if n % 4 == 0 else "x"})
    for n in range(10)
]
BODIES = [dump(a_bus_event(event.to_json())) for event in EVENTS]


def matched(cloud: Cloud, life: Life) -> Any:
    """What comes of one batch, in a process of this life."""
    events, queues = cloud.events, [cloud.hints("deliver"), cloud.hints("run")]
    bucket = replace(cloud.bucket, client=mortal(cloud.bucket.client, life))
    deliver, run = (
        replace(each, queue=replace(each.queue, client=mortal(each.queue.client, life)))
        for each in queues
    )
    fan_out = FanOut(
        events=replace(
            events,
            table=replace(events.table, client=mortal(events.table.client, life)),
            bodies=replace(events.bodies, bucket=lambda: bucket),
        ),
        subscriptions=MemoryWebhooks(
            *(a_webhook(id=f"whk_{tenant}", tenant=tenant) for tenant in TENANTS),
            functions=[a_function(tenant=tenant) for tenant in TENANTS],
        ),
        deliver=deliver,
        run=run,
        erasures=MemoryErasures(),
        clock=FakeClock(),
        journal=Journal(),
    )
    return fan_out(BODIES)


def sent(cloud: Cloud) -> list[tuple[Key, str]]:
    """The event, and the id of the delivery or run, of each message that left."""
    messages = [
        json.loads(each["Body"]) for name in ("deliver", "run") for each in cloud.received(name)
    ]
    return [
        (
            Key(each["tenant"], each.get("event_id") or each["event"]["id"]),
            each.get("delivery_id") or each["run_id"],
        )
        for each in messages
    ]


def listed(cloud: Cloud, tenant: str) -> Sequence[Event]:
    """All events of a tenant."""
    return cloud.events.list(tenant, limit=100).items


@pytest.mark.parametrize("took_effect", [False, True])
@pytest.mark.parametrize("last_call", range(1, 7))
def test_whoever_is_killed_has_sent_nothing_of_an_event_that_is_not_kept(
    cloud: Cloud, last_call: int, *, took_effect: bool
) -> None:
    """The batch comes again; then each event is kept and listed once, and no message is missing."""
    with pytest.raises(KilledError):
        matched(cloud, Life(last_call, took_effect=took_effect))
    early = sent(cloud)
    kept = cloud.events.find_many(key for key, _ in early)
    assert {key for key, _ in early} == kept.keys()

    assert [None] * len(EVENTS) == matched(cloud, Life(-1, took_effect=True))

    by_key = {Key(event.tenant, event.id): event for event in EVENTS}
    assert by_key == cloud.events.find_many(by_key)
    for tenant in TENANTS:
        own = Counter(event.id for event in EVENTS if event.tenant == tenant)
        assert own == Counter(event.id for event in listed(cloud, tenant))
    assert {message for _, message in early + sent(cloud)} == {
        *(ids.delivery_id(key.tenant, key.id, f"whk_{key.tenant}") for key in by_key),
        *(ids.run_id(key.tenant, key.id, "vip-orders") for key in by_key),
    }


def test_a_batch_takes_six_calls(cloud: Cloud) -> None:
    """So the test above kills at each of them: three objects, one write, and two queues."""
    life = Life(1_000, took_effect=True)
    matched(cloud, life)

    assert 1_000 - 6 == life.calls_left
