"""Trace an event: which subscriptions took it, why the others did not, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from runtime.core.deliveries.delivery import Delivery
from runtime.core.events.envelope import Event
from runtime.core.functions.run import Run
from runtime.core.matching.explain import Explanation, explain
from runtime.core.page import Page
from runtime.errors import BadInput, Transient
from runtime.usecases.event_records import (
    EventRecords,
    Functions,
    Pair,
    Subscriber,
    Webhooks,
    name_of,
)

# Subscribers in one page, so that it fits the 6 MB that an answer of the API may have: a delivery
# of 100 attempts comes with their excerpts.
MAX_TRACED: Final = 25
# The stages of a trace, in order; the first character of its cursor.
BY_FUNCTION, BY_WEBHOOK, BY_DELIVERY = "f", "w", "d"
_NEXT: Final = {BY_FUNCTION: BY_WEBHOOK, BY_WEBHOOK: BY_DELIVERY}


class ShowEvent(Protocol):
    """Shows events."""

    def __call__(self, tenant: str, event_id: str, /) -> Event:
        """The event.

        Raises:
            NotFound: there is none.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """What one subscriber made of an event."""

    # None for a delivery that a function made besides a webhook's own.
    subscriber: Subscriber | None
    # By the subscriber as it is now; None without a subscriber.
    explanation: Explanation | None = None
    run: Run | None = None  # None before its first attempt, and for a webhook without a transform
    delivery: Delivery | None = None  # None before its first attempt, and for a function


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEvent:
    """Traces events."""

    show: ShowEvent
    functions: Functions
    webhooks: Webhooks
    records: EventRecords

    def __call__(
        self, tenant: str, event_id: str, *, after: str | None = None, limit: int = MAX_TRACED
    ) -> Page[Traced]:
        """A page of the tenant's subscribers and what each made of the event.

        Functions come by name, then webhooks by id, then the deliveries that functions made. A page
        has `MAX_TRACED` of them at most; it may be short and not the last.

        Raises:
            NotFound: code `event_not_found`.
            Transient: code `stored_filter_broken`: no event of the tenant is matched until it is
                mended.
        """
        event = self.show(tenant, event_id)
        # A cursor may be forged, so its position may be empty.
        stage, place = (after[0], after[1:] or None) if after else (BY_FUNCTION, None)
        room, traced = min(limit, MAX_TRACED), list[Traced]()
        while len(traced) < room:
            page = self._page(stage, event, after=place, limit=room - len(traced))
            traced += page.items
            following = stage if page.after is not None else _NEXT.get(stage)
            if following is None:
                return Page(items=tuple(traced))
            stage, place = following, page.after
            if page.after is not None:
                break
        return Page(items=tuple(traced), after=stage + (place or ""))

    def _page(self, stage: str, event: Event, *, after: str | None, limit: int) -> Page[Traced]:
        if stage == BY_FUNCTION:
            functions = self.functions.list(event.tenant, after=after, limit=limit)
            return Page(items=self._traced(functions.items, event), after=functions.after)
        if stage == BY_WEBHOOK:
            webhooks = self.webhooks.list(event.tenant, after=after, limit=limit)
            return Page(items=self._traced(webhooks.items, event), after=webhooks.after)
        made = self.records.made_by_functions(event.tenant, event.id, after=after, limit=limit)
        each = (Traced(subscriber=None, delivery=delivery) for delivery in made.items)
        return Page(items=tuple(each), after=made.after)

    def _traced(self, subscribers: Sequence[Subscriber], event: Event) -> tuple[Traced, ...]:
        records = self.records.find(event.tenant, [(event.id, each) for each in subscribers])
        return tuple(
            Traced(
                subscriber=each,
                explanation=_explained(each, event),
                run=records[Pair(event.id, name_of(each))].run,
                delivery=records[Pair(event.id, name_of(each))].delivery,
            )
            for each in subscribers
        )


def _explained(subscriber: Subscriber, event: Event) -> Explanation:
    try:
        return explain(subscriber.triggers, event)
    except BadInput as problem:
        raise Transient(
            f"a stored filter of {event.tenant} does not compile: {problem.message}",
            code="stored_filter_broken",
        ) from problem
