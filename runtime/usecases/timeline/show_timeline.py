"""Show what happened to one person, with what was run and sent for each event."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from runtime.core.deliveries.delivery import Delivery
from runtime.core.events import topics
from runtime.core.functions.run import Run
from runtime.core.page import Page
from runtime.core.profiles.profile import Profile
from runtime.core.timeline.entry import Entry, EntryKind, Selection
from runtime.errors import NotFound
from runtime.usecases.event_records import (
    EventRecords,
    Functions,
    Pair,
    Records,
    Subscriber,
    Webhooks,
    name_of,
)
from runtime.usecases.ports import TimelinePages

MAX_ENTRIES: Final = 100  # of one page
MAX_SUBSCRIBERS: Final = 200  # functions, and as many webhooks, whose records are looked up
MAX_LOOKED_UP: Final = 500  # pairs of an event and a subscriber in one page: ten reads of DynamoDB
MAX_MADE: Final = 10  # deliveries that functions made of one event


class Profiles(Protocol):
    """Stores profiles."""

    def find(self, tenant: str, profile_id: str) -> Profile | None:
        """The profile, or the one that it was merged into; None if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineItem:
    """An entry, with the present state of what was made of its event."""

    entry: Entry
    runs: tuple[Run, ...] = ()  # by function; empty for all but events
    deliveries: tuple[Delivery, ...] = ()  # by webhook; empty for all but events
    # Whether not all records of the event were looked for: its trace shows all.
    is_partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subscribers:
    """Who may have taken events."""

    each: tuple[Subscriber, ...] = ()
    are_partial: bool = False  # whether the tenant has more

    def of(self, entry: Entry) -> list[Subscriber]:
        """Those that events of this topic are for, as they are now, whatever their filters say."""
        if entry.kind is not EntryKind.EVENT:
            return []
        return [each for each in self.each if _wants(each, entry.topic or "")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowTimeline:
    """Shows timelines."""

    profiles: Profiles
    timelines: TimelinePages
    functions: Functions
    webhooks: Webhooks
    records: EventRecords

    def __call__(
        self,
        tenant: str,
        profile_id: str,
        selection: Selection,
        *,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[TimelineItem]:
        """A page of what happened to a person, the newest first; it may be short and not the last.

        It has what happened to every profile that was merged into this one, too.

        Args:
            tenant: the caller's.
            profile_id: of the profile, or of one that was merged into it.
            selection: which entries.
            after: the place of the entry after which to go on; None at the beginning.
            limit: at most so many, and never more than `MAX_ENTRIES`.

        Raises:
            NotFound: code `profile_not_found`: there is no such profile, or it is deleted.
        """
        profile = self.profiles.find(tenant, profile_id)
        if profile is None or profile.deleted or profile.erased_at is not None:
            raise NotFound("no such profile", code="profile_not_found")
        page = self.timelines.page(
            tenant,
            (profile.id, *profile.merged_ids),
            selection,
            after=after,
            limit=min(limit, MAX_ENTRIES),
        )
        subscribers = self._subscribers(tenant, page.items)
        entries = _affordable(page.items, subscribers)
        cut = len(entries) < len(page.items)
        return Page(
            items=tuple(self._joined(tenant, entries, subscribers)),
            after=entries[-1].place if cut else page.after,
        )

    def _subscribers(self, tenant: str, entries: Sequence[Entry]) -> _Subscribers:
        if not any(entry.kind is EntryKind.EVENT for entry in entries):
            return _Subscribers()
        functions = self.functions.list(tenant, limit=MAX_SUBSCRIBERS)
        webhooks = self.webhooks.list(tenant, limit=MAX_SUBSCRIBERS)
        return _Subscribers(
            each=(*functions.items, *webhooks.items),
            are_partial=functions.after is not None or webhooks.after is not None,
        )

    def _joined(
        self, tenant: str, entries: Sequence[Entry], subscribers: _Subscribers
    ) -> Iterator[TimelineItem]:
        pairs = [(entry.id, each) for entry in entries for each in subscribers.of(entry)]
        records = self.records.find(tenant, pairs)
        for entry in entries:
            if entry.kind is EntryKind.EVENT:
                yield self._of_event(entry, subscribers, records)
            else:
                yield TimelineItem(entry=entry)

    def _of_event(
        self, entry: Entry, subscribers: _Subscribers, records: Mapping[Pair, Records]
    ) -> TimelineItem:
        own = [records[Pair(entry.id, name_of(each))] for each in subscribers.of(entry)]
        runs = tuple(each.run for each in own if each.run is not None)
        deliveries = [each.delivery for each in own if each.delivery is not None]
        is_partial = subscribers.are_partial
        if any(map(_may_deliver, runs)):
            made = self.records.made_by_functions(entry.tenant, entry.id, limit=MAX_MADE)
            deliveries += made.items
            is_partial = is_partial or made.after is not None
        return TimelineItem(
            entry=entry, runs=runs, deliveries=tuple(deliveries), is_partial=is_partial
        )


def _affordable(entries: Sequence[Entry], subscribers: _Subscribers) -> Sequence[Entry]:
    """The first of these entries, as many as a page may look records up for; at least one."""
    looked_up = 0
    for number, entry in enumerate(entries):
        looked_up += len(subscribers.of(entry))
        if looked_up > MAX_LOOKED_UP and number > 0:
            return entries[:number]
    return entries


def _wants(subscriber: Subscriber, topic: str) -> bool:
    names = (name for trigger in subscriber.triggers for name in trigger.topics)
    return any(topics.covers(name, topic) for name in names)


def _may_deliver(run: Run) -> bool:
    """Whether the run may have made deliveries whose ids its event and a webhook do not give."""
    asked = any(effect.get("op") == "deliver" for effect in run.effects)
    return asked or run.is_unopened or run.webhook_id is not None
