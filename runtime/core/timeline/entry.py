"""An entry of a timeline: one thing that happened to a person."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from heapq import merge as merge_sorted
from typing import Any, NamedTuple

from runtime.core import ids
from runtime.core.events.envelope import Event
from runtime.core.profiles.identity import Refusal


class EntryKind(StrEnum):
    """What an entry tells of. The table, the API and the docs use the same words."""

    EVENT = "event"  # an event about the person
    CHANGE = "change"  # values of attributes that one cause has set or taken away
    MERGE = "merge"  # other profiles became part of this one
    UNMERGE = "unmerge"  # it has parted from profiles that were one with it
    REFUSAL = "refusal"  # a name that an event gives, and that its profile did not get


class AttributeChange(NamedTuple):
    """How one attribute changed."""

    attribute: str  # such as `properties.city`, `names.email` or `consent.sms`
    before: Any  # any JSON; None for no value
    after: Any  # likewise
    # Whether a value was too long for an entry; then it is a text, the beginning of its JSON.
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened to a person. Fields that only some kinds have say which."""

    # An event's entry has the event's own id; the others are hashes of what they tell.
    id: str
    tenant: str
    # The profile that it happened to, as its id was then; it may have been merged since.
    profile_id: str
    kind: EntryKind
    at: str  # when it happened, ISO 8601; of an event and what it has set, its `occurred_at`
    recorded_at: str  # when it reached us, ISO 8601; a late event's is much later
    topic: str | None = None  # of an event
    # Of a change: what has set the values. An event's id, `run:…`, `key:…` or `job:…`; for what
    # data transforms made, `transforms`.
    cause: str | None = None
    changes: tuple[AttributeChange, ...] = ()  # of a change, by attribute
    changes_left_out: int = 0  # how many more attributes the same cause has changed
    # Of a merge: the ids that became part of the profile. Of an unmerge: those it has parted from.
    profile_ids: tuple[str, ...] = ()
    event_id: str | None = None  # of a refusal: the event that gave the name
    name_kind: str | None = None  # of a refusal, such as `email`
    name_value: str | None = None  # of a refusal
    rule: str | None = None  # of a refusal: the rule that it would have broken
    # Of a refusal: the profile that the name leads to; None when it leads to none.
    other_id: str | None = None

    @property
    def place(self) -> str:
        """Where it stands among the others: places sort by time, and no two things share one."""
        return f"{self.at}#{self.kind}#{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which entries somebody asks for."""

    kinds: frozenset[EntryKind] | None = None  # None for all
    since: str | None = None  # the earliest `at`, ISO 8601; None for no bound
    until: str | None = None  # the latest; None for no bound

    def takes(self, entry: Entry) -> bool:
        """Whether it is of one of the kinds; the store reads no others than those of the time."""
        return self.kinds is None or entry.kind in self.kinds


def of_event(event: Event, profile_id: str) -> Entry:
    """The entry of an event; the same event makes the same entry, however often it comes."""
    return Entry(
        id=event.id,
        tenant=event.tenant,
        profile_id=profile_id,
        kind=EntryKind.EVENT,
        at=event.occurred_at,
        recorded_at=event.received_at,
        topic=event.topic,
    )


def of_refusal(event: Event, refusal: Refusal) -> Entry:
    """The entry of a name that the event gives and that its profile did not get."""
    return Entry(
        id=ids.derive("ref", event.tenant, event.id, *refusal.name),
        tenant=event.tenant,
        profile_id=refusal.profile_id,
        kind=EntryKind.REFUSAL,
        at=event.occurred_at,
        recorded_at=event.received_at,
        event_id=event.id,
        name_kind=refusal.name.kind,
        name_value=refusal.name.value,
        rule=refusal.rule,
        other_id=refusal.other_id,
    )


def merged(timelines: Iterable[Iterator[Entry]]) -> Iterator[Entry]:
    """Several timelines in one, the newest first; what stands in two of them comes once.

    An event that comes again after its profile was merged has an entry in the timeline of each.

    Args:
        timelines: each the newest first; they are read no further than they are needed.
    """
    before = ""
    for entry in merge_sorted(*timelines, key=lambda each: each.place, reverse=True):
        if entry.place != before:
            yield entry
        before = entry.place
