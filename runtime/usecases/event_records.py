"""Finds what was run and sent for events.

The ids of an event's runs and deliveries are hashes of event and subscriber. So they are not looked
up in an index: they are computed from the tenant's functions and webhooks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from runtime.core import ids
from runtime.core.deliveries.delivery import Delivery, Selection
from runtime.core.functions.function import Function
from runtime.core.functions.run import Run
from runtime.core.page import Page
from runtime.core.webhooks.webhook import Webhook

Subscriber = Webhook | Function


class Functions(Protocol):
    """Stores functions."""

    def list(self, tenant: str, *, after: str | None = None, limit: int = 50) -> Page[Function]:
        """A tenant's functions, by name."""


class Webhooks(Protocol):
    """Stores webhooks."""

    def list(self, tenant: str, *, after: str | None = None, limit: int = 50) -> Page[Webhook]:
        """A tenant's webhooks, by id."""


class Runs(Protocol):
    """Stores runs."""

    def find_many(self, run_ids: Iterable[str]) -> Mapping[str, Run]:
        """The runs that have a record, by id."""


class Deliveries(Protocol):
    """Stores deliveries."""

    def get(self, delivery_ids: Iterable[str]) -> Mapping[str, Delivery]:
        """The deliveries that have a record, by id."""

    def list(
        self, tenant: str, selection: Selection, *, after: str | None = None, limit: int = 50
    ) -> Page[Delivery]:
        """For one event, a page of the deliveries whose ids are not hashes of event and webhook."""


class Pair(NamedTuple):
    """One event, and somebody who may have taken it."""

    event_id: str
    subscriber: str  # a function's name, or a webhook's id


class Records(NamedTuple):
    """What one subscriber made of one event."""

    run: Run | None = None  # None before its first attempt, and for a webhook without a transform
    delivery: Delivery | None = None  # None before its first attempt, and for a function


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecords:
    """Finds the records of events."""

    runs: Runs
    deliveries: Deliveries

    def find(self, tenant: str, pairs: Iterable[tuple[str, Subscriber]]) -> Mapping[Pair, Records]:
        """The records of each event, by its id, and each subscriber: one read for all of them."""
        subscribers = {Pair(event_id, name_of(each)): each for event_id, each in pairs}
        run_ids = {pair: ids.run_id(tenant, *pair) for pair in subscribers}
        delivery_ids = {
            pair: ids.delivery_id(tenant, *pair)
            for pair, subscriber in subscribers.items()
            if isinstance(subscriber, Webhook)
        }
        runs = self.runs.find_many(run_ids.values())
        deliveries = self.deliveries.get(delivery_ids.values())
        return {
            pair: Records(
                run=runs.get(run_ids[pair]),
                delivery=deliveries.get(delivery_ids[pair]) if pair in delivery_ids else None,
            )
            for pair in subscribers
        }

    def made_by_functions(
        self, tenant: str, event_id: str, *, after: str | None = None, limit: int
    ) -> Page[Delivery]:
        """A page of the deliveries that functions made of the event, besides a webhook's own."""
        return self.deliveries.list(tenant, Selection(event_id=event_id), after=after, limit=limit)


def name_of(subscriber: Subscriber) -> str:
    """What the ids of a subscriber's records are made of, beside the event's."""
    return subscriber.id if isinstance(subscriber, Webhook) else subscriber.name
