"""Hand the events of a time to one subscriber, as if it had been there when they came.

The ids are those that the events would have made then. So what the subscriber has had is not sent
again, and whoever is killed begins again at any time before.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Protocol

from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.events.envelope import Event
from runtime.core.formats import payload
from runtime.core.functions.function import Function
from runtime.core.functions.messages import RunMessage
from runtime.core.matching.matching import Index
from runtime.core.page import Page
from runtime.core.timestamps import moment, timestamp
from runtime.core.webhooks.webhook import Webhook
from runtime.usecases.matching.messages_of import delivery_of, run_of
from runtime.usecases.ports import Hints

WINDOW: Final = timedelta(minutes=10)  # whose events are put in order at once, in memory
PAGE: Final = 100  # events that are read at once
_TICK: Final = timedelta(milliseconds=1)  # between two times of events that differ


class Events(Protocol):
    """Keeps events."""

    def list(
        self, tenant: str, *, since: str, until: str, after: str | None, limit: int
    ) -> Page[Event]:
        """A page of a tenant's events from one time to another, both included, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How far it has come."""

    until: str  # ISO 8601: the events before it have been looked at
    looked_at: int = 0  # events
    matched: int = 0  # events that the subscriber takes, whether it has had them or not


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayEvents:
    """Replays events to one subscriber."""

    events: Events
    deliver: Hints[DeliverMessage]
    run: Hints[RunMessage]

    def __call__(
        self, subscriber: Webhook | Function, *, since: str, until: str
    ) -> Iterator[Replayed]:
        """Send a message for each event that it takes, the oldest first; gives how far it is.

        Args:
            subscriber: takes by its topics and filters of now, and by its transform.
            since: the earliest time at which an event was received, ISO 8601 UTC.
            until: the time before which it was.

        Raises:
            BadInput: its filter does not compile.
            Transient: AWS does not answer; what was sent is sent.
        """
        index, done = Index([subscriber]), Replayed(until=since)
        while done.until < until:
            start = moment(done.until)
            end = min(start + WINDOW, moment(until))
            events = self._between(subscriber.tenant, done.until, timestamp(end - _TICK))
            taken = [event for event in events if index.match(event)]
            self._send(taken, subscriber)
            done = replace(
                done,
                until=timestamp(end),
                looked_at=done.looked_at + len(events),
                matched=done.matched + len(taken),
            )
            yield done

    def _between(self, tenant: str, since: str, until: str) -> list[Event]:
        events: list[Event] = []
        after: str | None = None
        while True:
            page = self.events.list(tenant, since=since, until=until, after=after, limit=PAGE)
            events += page.items
            after = page.after
            if after is None:
                return sorted(events, key=lambda event: (event.received_at, event.id))

    def _send(self, events: list[Event], subscriber: Webhook | Function) -> None:
        if isinstance(subscriber, Webhook) and subscriber.transform is None:
            self.deliver.send(
                delivery_of(event, subscriber, body=payload.render(event)) for event in events
            )
        else:
            self.run.send(run_of(event, subscriber) for event in events)
