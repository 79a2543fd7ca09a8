"""Measures how many events and webhooks pass the local cloud a second, and how long one takes."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from bench.report import Row, spread
from examples.orders.events import envelopes, read_orders
from infra.demo.bad_input import queue_url
from infra.demo.expected import expect
from infra.demo.feed import BUS_BATCH, Envelope, chunks
from infra.demo.receiver import Endpoint
from infra.demo.setup import FULFILMENT, PLAIN, fulfilment_key
from infra.demo.stage import Stage
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.ids import delivery_id
from runtime.core.json_text import dump

WARM: Final = 50  # events at once: enough for every copy of `fanout` and `deliver` to start
ALONE: Final = 200
ORDERS: Final = 1000
DEADLINE_S: Final = 300


class TooSlow(Exception):
    """Webhooks did not arrive within the bench's deadline."""


def measure(stage: Stage) -> Iterator[Row]:
    """Send one event at a time, then a thousand orders as fast as the bus takes them."""
    cold_ms = _one(stage, "bench-cold", _by_bus(stage))
    _warm(stage)
    yield Row(
        what="PutEvents to receipt of the very first event",
        value=f"{cold_ms:.0f} ms",
        how="`fanout` and `deliver` start for it, at the same time as what else reads the bus",
    )
    alone_ms = [_one(stage, f"bench-{number}", _by_bus(stage)) for number in range(ALONE)]
    yield Row(
        what="PutEvents to receipt, one event at a time, p50 / p99",
        value=spread(alone_ms, unit="ms", digits=0),
        how=f"{ALONE} events, each sent when the one before was received; every copy is started",
    )
    queued_ms = [_one(stage, f"bench-queued-{n}", _by_queue(stage)) for n in range(ALONE)]
    yield Row(
        what="deliver queue to POST, one at a time, p50 / p99",
        value=spread(queued_ms, unit="ms", digits=0),
        how=f"{ALONE} first attempts: from before SendMessage until the receiver has the request",
    )
    yield from _loaded(stage)


def _one(stage: Stage, name: str, send: Callable[[str], None]) -> float:
    began_s = time.time()
    send(name)
    endpoint = stage.receiver.endpoints[PLAIN]
    if not stage.receiver.wait(lambda: name in _arrivals(endpoint), deadline_s=30):
        raise TooSlow(f"{name} did not arrive")
    return (_arrivals(endpoint)[name] - began_s) * 1000


def _by_bus(stage: Stage) -> Callable[[str], None]:
    return lambda name: _put(stage, [viewed_page(name, tenant=stage.tenant)])


def _put(stage: Stage, events: list[Envelope]) -> None:
    for batch in chunks(events, BUS_BATCH):
        stage.doors.by_bus(batch)


def _by_queue(stage: Stage) -> Callable[[str], None]:
    url = queue_url(stage.sqs, "DeliverQueue")
    webhook_id = stage.setup.webhooks[PLAIN]

    def send(name: str) -> None:
        event = viewed_page(name, tenant=stage.tenant)
        message = DeliverMessage(
            tenant=stage.tenant,
            delivery_id=delivery_id(stage.tenant, name, webhook_id),
            webhook_id=webhook_id,
            event_id=name,
            topic=event["topic"],
            body=dump({"type": event["topic"], "data": event}),
        )
        stage.sqs.send_message(
            QueueUrl=url, MessageBody=dump(message.to_json()), MessageGroupId=message.group
        )

    return send


def _warm(stage: Stage) -> None:
    names = {f"bench-warm-{number}" for number in range(WARM)}
    _put(stage, [viewed_page(name, tenant=stage.tenant) for name in names])
    endpoint = stage.receiver.endpoints[PLAIN]
    if not stage.receiver.wait(lambda: names <= _arrivals(endpoint).keys(), deadline_s=60):
        raise TooSlow("the first events did not arrive")


def _loaded(stage: Stage) -> Iterator[Row]:
    orders = read_orders(limit=ORDERS)
    expectation = expect(orders, fulfilment_key=fulfilment_key())
    order_events = [
        raw for raw in envelopes(orders, tenant=stage.tenant) if "cdnow-order" in raw["id"]
    ]
    healthy = [stage.receiver.endpoints[name] for name in (PLAIN, FULFILMENT)]
    expected_count = (
        sum(len(arrival.accepted) for arrival in healthy)
        + len(expectation.plain)
        + len(expectation.payloads)
    )
    sent_s: dict[str, float] = {}
    began_s = time.time()
    for batch in chunks(order_events, BUS_BATCH):
        now_s = time.time()
        stage.doors.by_bus(batch)
        sent_s |= dict.fromkeys((event["id"] for event in batch), now_s)
    put_s = time.time() - began_s
    have_arrived = stage.receiver.wait(
        lambda: sum(len(arrival.accepted) for arrival in healthy) >= expected_count,
        deadline_s=DEADLINE_S,
    )
    if not have_arrived:
        raise TooSlow("not every webhook arrived")
    took_s = max(arrival.at_s for endpoint in healthy for arrival in endpoint.accepted) - began_s
    webhooks = len(expectation.plain) + len(expectation.payloads)
    arrivals = _arrivals(stage.receiver.endpoints[PLAIN])
    loaded_ms = [(arrivals[name] - at_s) * 1000 for name, at_s in sent_s.items()]
    yield Row(
        what="events a second, to the last webhook",
        value=f"{len(order_events) / took_s:.0f} /s",
        how=f"{len(order_events)} orders, each also through a function and into its profile",
    )
    yield Row(
        what="webhooks a second",
        value=f"{webhooks / took_s:.0f} /s",
        how=f"{webhooks} signed, delivered and verified in {took_s:.1f} s; "
        f"{len(expectation.payloads)} of them through a transform",
    )
    yield Row(
        what="PutEvents to receipt, all at once, p50 / p99",
        value=spread(loaded_ms, unit="ms", digits=0),
        how=f"the same orders, put within {put_s:.1f} s: mostly waiting in the queue",
    )


def viewed_page(name: str, *, tenant: str) -> Envelope:
    """An event of about 1 KB that only the plain webhook gets."""
    return {
        "id": name,
        "tenant": tenant,
        "topic": "metric.viewed_page",
        "profile": {"external_id": "bench-visitor"},
        "properties": {"url": "https://shop.example.com/", "text": "x" * 800},
    }


def _arrivals(endpoint: Endpoint) -> dict[str, float]:
    return {arrival.body["data"]["id"]: arrival.at_s for arrival in endpoint.accepted}
