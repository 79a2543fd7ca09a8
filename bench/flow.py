"""Through the local cloud: how many events and webhooks a second, and how long one takes."""

import time
from collections.abc import Iterator
from typing import Final

from bench.report import Row, spread
from examples.orders.events import envelopes, read_orders
from infra.demo.expected import expect
from infra.demo.feed import BUS_BATCH, Envelope, chunks
from infra.demo.receiver import Endpoint
from infra.demo.setup import FULFILMENT, PLAIN, fulfilment_key
from infra.demo.stage import Stage

ALONE: Final = 100
ORDERS: Final = 1000
DEADLINE_S: Final = 300


class TooSlow(Exception):
    """Webhooks did not arrive within the bench's deadline."""


def measure(stage: Stage) -> Iterator[Row]:
    """One event at a time, then a thousand orders as fast as the bus takes them."""
    alone_ms = [_one(stage, number) for number in range(ALONE + 5)][5:]
    yield Row(
        what="PutEvents to receipt, one event at a time, p50 / p99",
        value=spread(alone_ms, unit="ms", digits=0),
        how=f"{ALONE} events, each sent when the one before was received",
    )
    yield from _loaded(stage)


def _one(stage: Stage, number: int) -> float:
    event = viewed_page(f"bench-{number}", tenant=stage.tenant)
    began_s = time.time()
    stage.doors.by_bus([event])
    endpoint = stage.receiver.endpoints[PLAIN]
    if not stage.receiver.wait(lambda: event["id"] in _arrivals(endpoint), deadline_s=30):
        raise TooSlow(f"{event['id']} did not arrive")
    return (_arrivals(endpoint)[event["id"]] - began_s) * 1000


def _loaded(stage: Stage) -> Iterator[Row]:
    orders = read_orders(limit=ORDERS)
    expected = expect(orders, fulfilment_key=fulfilment_key())
    known = [raw for raw in envelopes(orders, tenant=stage.tenant) if "cdnow-order" in raw["id"]]
    healthy = [stage.receiver.endpoints[name] for name in (PLAIN, FULFILMENT)]
    due = sum(len(one.accepted) for one in healthy) + len(expected.plain) + len(expected.payloads)
    sent_s: dict[str, float] = {}
    began_s = time.time()
    for batch in chunks(known, BUS_BATCH):
        now_s = time.time()
        stage.doors.by_bus(batch)
        sent_s |= dict.fromkeys((event["id"] for event in batch), now_s)
    put_s = time.time() - began_s
    complete = stage.receiver.wait(
        lambda: sum(len(one.accepted) for one in healthy) >= due, deadline_s=DEADLINE_S
    )
    if not complete:
        raise TooSlow("not every webhook arrived")
    took_s = max(one.at_s for endpoint in healthy for one in endpoint.accepted) - began_s
    webhooks = len(expected.plain) + len(expected.payloads)
    arrivals = _arrivals(stage.receiver.endpoints[PLAIN])
    loaded_ms = [(arrivals[name] - at_s) * 1000 for name, at_s in sent_s.items()]
    yield Row(
        what="events a second, to the last webhook",
        value=f"{len(known) / took_s:.0f} /s",
        how=f"{len(known)} orders, each also through a function and into its profile",
    )
    yield Row(
        what="webhooks a second",
        value=f"{webhooks / took_s:.0f} /s",
        how=f"{webhooks} signed, delivered and verified in {took_s:.1f} s; "
        f"{len(expected.payloads)} of them through a transform",
    )
    yield Row(
        what="PutEvents to receipt, all at once, p50 / p99",
        value=spread(loaded_ms, unit="ms", digits=0),
        how=f"the same orders, put within {put_s:.1f} s: mostly waiting in the queue",
    )


def viewed_page(name: str, *, tenant: str) -> Envelope:
    """An event that only the plain webhook hears of; about 1 KB."""
    return {
        "id": name,
        "tenant": tenant,
        "topic": "metric.viewed_page",
        "profile": {"external_id": "bench-visitor"},
        "properties": {"url": "https://shop.example.com/", "text": "x" * 800},
    }


def _arrivals(endpoint: Endpoint) -> dict[str, float]:
    return {one.body["data"]["id"]: one.at_s for one in endpoint.accepted}
