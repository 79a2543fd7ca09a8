"""Measures how much a healthy endpoint suffers from a slow and a broken one beside it.

It also runs alone, on the local cloud of this folder: `python -m bench.isolation`.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Protocol
from uuid import uuid4

from bench.report import Row, percentile, spread, table
from cli._connection import Connection
from cli.client import Client
from infra.demo.feed import Doors, Envelope
from infra.demo.receiver import Endpoint, Receiver, receiving
from infra.local import cloud, emulator
from infra.local.place import Place

HEALTHY: Final = "isolation-healthy"
SLOW: Final = "isolation-slow"
BROKEN: Final = "isolation-broken"
TOPIC: Final = "metric.isolation"
RATE: Final = 3  # events a second: a fifth of what two cores take with three endpoints each
EVENTS: Final = 300
WARM_EVENTS: Final = 45  # 15 s: then every copy has started, and the slow endpoint is known as slow
SLOW_S: Final = 10
TIMEOUT_S: Final = 20  # of the slow webhook, so that its answer counts
DEADLINE_S: Final = 60


class NotIsolated(Exception):
    """An endpoint did not get its events, so the numbers would mean nothing."""


class Ground(Protocol):
    """A local cloud and a receiver."""

    @property
    def api(self) -> Client:
        """A client of the API, with the tenant's key."""

    @property
    def doors(self) -> Doors:
        """Both doors for events."""

    @property
    def receiver(self) -> Receiver:
        """The receiver of webhooks."""

    @property
    def tenant(self) -> str:
        """The tenant's id."""


def measure(ground: Ground) -> Iterator[Row]:
    """Send events at a steady rate, first to the healthy endpoint alone, then to all three."""
    with _webhook(ground, HEALTHY):
        _paced(ground, WARM_EVENTS)
        alone_ms = _paced(ground, EVENTS)
        with _webhook(ground, BROKEN) as broken, _webhook(ground, SLOW, TIMEOUT_S) as slow:
            broken.always, slow.delay_s = HTTPStatus.INTERNAL_SERVER_ERROR, SLOW_S
            first_ms = _paced(ground, WARM_EVENTS)
            was_held = len(slow.arrivals)
            beside_ms = _paced(ground, EVENTS)
            if len(slow.arrivals) <= was_held or not broken.arrivals:
                raise NotIsolated("the slow or the broken endpoint was not tried")
    ratio = percentile(beside_ms, 99) / percentile(alone_ms, 99)
    rate = f"PutEvents to receipt of {EVENTS} events at {RATE}/s"
    yield Row(
        what="a healthy endpoint alone, p50 / p99",
        value=spread(alone_ms, unit="ms", digits=0),
        how=rate,
    )
    yield Row(
        what="the same beside a slow and a broken one, p50 / p99",
        value=spread(beside_ms, unit="ms", digits=0),
        how=f"{rate}, each also to an endpoint that answers after {SLOW_S} s and to one that"
        " always answers 500",
    )
    yield Row(what="its p99 beside them, of its p99 alone", value=f"{ratio:.2f}", how="both above")
    yield Row(
        what="its longest wait while nobody knows yet that the other is slow",
        value=f"{max(first_ms):.0f} ms",
        how=f"the first {WARM_EVENTS} events after the two appeared, at the same rate",
    )


def _paced(ground: Ground, count: int) -> list[float]:
    """Send `count` events at the steady rate, and give each one's milliseconds until it arrived."""
    sent_s: dict[str, float] = {}
    began_s, pause = time.monotonic(), threading.Event()
    for number in range(count):
        pause.wait(max(0.0, began_s + number / RATE - time.monotonic()))
        event = _event(ground.tenant)
        sent_s[event["id"]] = time.time()
        ground.doors.by_bus([event])
    endpoint = ground.receiver.endpoints[HEALTHY]
    if not ground.receiver.wait(lambda: sent_s.keys() <= _arrived(endpoint).keys(), deadline_s=60):
        raise NotIsolated(f"{len(sent_s.keys() - _arrived(endpoint).keys())} events did not arrive")
    arrivals_s = _arrived(endpoint)
    return [(arrivals_s[name] - at_s) * 1000 for name, at_s in sent_s.items()]


@contextmanager
def _webhook(ground: Ground, name: str, timeout_s: int = 10) -> Iterator[Endpoint]:
    """A webhook for every event, until the end of the block.

    The block begins when the first event has arrived, because the matcher needs a moment to see a
    new webhook.
    """
    settings = {"name": name, "url": ground.receiver.url(name), "topics": [TOPIC]}
    webhook = ground.api.post("/v1/webhooks", {**settings, "timeout_s": timeout_s})
    endpoint = ground.receiver.endpoints[name]
    endpoint.secret = webhook["secret"]
    try:
        _wait_until_heard(ground, endpoint)
        yield endpoint
    finally:
        ground.api.delete(f"/v1/webhooks/{webhook['id']}")


def _wait_until_heard(ground: Ground, endpoint: Endpoint) -> None:
    before = len(endpoint.arrivals)
    ends_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < ends_s:
        ground.doors.by_bus([_event(ground.tenant)])
        if ground.receiver.wait(lambda: len(endpoint.arrivals) > before, deadline_s=0.5):
            return
    raise NotIsolated(f"{endpoint.name} heard of no event")


def _event(tenant: str) -> Envelope:
    return {
        "id": f"isolation-{uuid4().hex}",
        "tenant": tenant,
        "topic": TOPIC,
        "profile": {"external_id": "bench-visitor"},
        "properties": {"text": "x" * 800},
    }


def _arrived(endpoint: Endpoint) -> dict[str, float]:
    return {arrival.body["data"]["id"]: arrival.at_s for arrival in endpoint.accepted}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    api: Client
    doors: Doors
    receiver: Receiver
    tenant: str


def main() -> None:
    """Measure on the local cloud that is up in this folder, whose webhooks reach this machine."""
    local = cloud.status(Place()).cloud
    if local is None:
        raise SystemExit("no local cloud is up: `penstock local up`")
    api = Client(Connection(url=local.api_url, key=local.api_key, origin="the bench"))
    events: Any = emulator.root().client("events", endpoint_url=local.aws_endpoint)
    doors = Doors(api=api, events=events, bus=local.bus, tenant=local.tenant)
    with receiving() as receiver:
        receiver.is_ever_busy = False
        print(
            table(measure(_Running(api=api, doors=doors, receiver=receiver, tenant=local.tenant)))
        )


if __name__ == "__main__":
    main()
