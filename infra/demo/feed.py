"""Sends events by both doors: POST /v1/events, and PutEvents onto the bus."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cli.client import Client

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE: Final = "penstock.events"
API_BATCH: Final = 50
BUS_BATCH: Final = 10  # PutEvents takes no more
MARKED_TOPIC: Final = "metric.marked_order"
MARKED_CUSTOMER: Final = "marked-customer"
Envelope = dict[str, Any]


class FeedRefused(Exception):
    """A door refused a valid event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Both doors, for one tenant. One thread may use the bus while another uses the API."""

    api: Client
    events: "EventBridgeClient"
    bus: str
    tenant: str

    def send(self, envelopes: Sequence[Envelope], progress: Callable[[int], None]) -> int:
        """Send the events, half of them by each door, and give how many were accepted.

        Raises:
            FeedRefused: a door refused one of them.
        """
        tally = _Tally(progress)
        with ThreadPoolExecutor(max_workers=2) as pool:
            halves = [
                pool.submit(tally.each, self.by_api, chunks(envelopes[::2], API_BATCH)),
                pool.submit(tally.each, self.by_bus, chunks(envelopes[1::2], BUS_BATCH)),
            ]
        for half in halves:
            half.result()
        return tally.accepted_count

    def by_api(self, envelopes: Sequence[Envelope]) -> int:
        """Send events by the HTTP API, which knows the tenant from the key.

        Returns:
            How many were accepted.

        Raises:
            FeedRefused: the API refused one of them.
        """
        body = [{name: e[name] for name in e if name != "tenant"} for e in envelopes]
        answer = self.api.post("/v1/events", {"events": body})
        if answer["rejected"]:
            raise FeedRefused(f"the API refused {answer['rejected'][0]}")
        return len(answer["accepted"])

    def by_bus(self, envelopes: Sequence[Envelope]) -> int:
        """Put events onto the bus, as a producer in the same account would.

        Returns:
            How many were accepted.

        Raises:
            FeedRefused: the bus refused one of them.
        """
        entries = [self.entry(json.dumps(e), topic=e["topic"]) for e in envelopes]
        answer = self.events.put_events(Entries=entries)
        if answer["FailedEntryCount"]:
            raise FeedRefused(f"the bus refused {answer['Entries']}")
        return len(entries)

    def entry(self, detail: str, *, topic: str) -> "PutEventsRequestEntryTypeDef":
        """One entry of PutEvents, with any text as its detail."""
        return {
            "EventBusName": self.bus,
            "Source": SOURCE,
            "DetailType": topic,
            "Detail": detail,
        }

    def spoil(self) -> None:
        """Put an envelope without a topic onto the bus, which no consumer can read."""
        detail = {"id": "spoilt-no-topic", "tenant": self.tenant, "properties": {}}
        self.events.put_events(Entries=[self.entry(json.dumps(detail), topic="metric.spoilt")])


def marked(name: str, *, tenant: str, **marks: object) -> Envelope:
    """An order with marks that tell the misbehaving function what to do."""
    return {
        "id": f"marked-{name}",
        "tenant": tenant,
        "topic": MARKED_TOPIC,
        "profile": {"external_id": MARKED_CUSTOMER},
        "properties": marks,
    }


def answer_to_wait(property_name: str, *, tenant: str) -> Envelope:
    """The profile event that the waiting function waits for."""
    return {
        "id": f"found-{property_name}",
        "tenant": tenant,
        "topic": "profile.updated",
        "profile": {"external_id": MARKED_CUSTOMER},
        "properties": {property_name: True},
    }


def chunks(items: Sequence[Envelope], size: int) -> Iterator[Sequence[Envelope]]:
    """The items in batches of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))


class _Tally:
    """Counts what both threads have sent."""

    def __init__(self, progress: Callable[[int], None]) -> None:
        self.accepted_count = 0
        self._progress = progress
        self._lock = threading.Lock()

    def each(
        self, send: Callable[[Sequence[Envelope]], int], batches: Iterator[Sequence[Envelope]]
    ) -> None:
        for batch in batches:
            count = send(batch)
            with self._lock:
                self.accepted_count += count
                self._progress(self.accepted_count)
