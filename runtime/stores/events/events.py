"""Stores events for the days of their retention: an item each, and pages that list them by time.

A page lists up to ten events of one tenant and one minute. An event's item names the page that
lists it, and an entry of a page counts only if the item names that page. So an event that came
twice, in two batches, is listed once.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from runtime.core.events.envelope import Event
from runtime.core.ids import Key
from runtime.core.json_text import dump
from runtime.core.page import Page
from runtime.errors import NotFound
from runtime.stores.bodies import Bodies
from runtime.stores.events import items
from runtime.stores.tables import codec, keys, records
from runtime.stores.tables.codec import Item
from runtime.stores.tables.table import LOOK_AT, Table

ENTRIES: Final = 10  # of a page: they fit into the 1 KB of a write unit
MAX_LOOKS: Final = 10  # requests for pages, for one page of a listing
MAX_LISTINGS: Final = 4  # pages of a listing, to find the newest of a topic
NEWEST_OF: Final = 2 * ENTRIES  # events that are compared to find the newest
# Of the envelopes of one page of a listing, as JSON. It leaves half of the 6 MB that a Lambda may
# answer for what an answer adds.
MAX_PAGE_BYTES: Final = 3 * 1024 * 1024
MINUTE_CHARS: Final = len("2026-11-20T13:04")
DIGEST_CHARS: Final = 12  # tells apart the pages of one tenant and one moment


class _Entry(NamedTuple):
    """An event that a page lists."""

    topic: str
    event_id: str
    received_at: str  # ISO 8601
    page: str  # the sort key of the page
    number: int  # its place on the page, from 0, the oldest first

    @property
    def position(self) -> str:
        """Its page and its number there, for a cursor."""
        return f"{self.page}#{self.number}"


class _Look(NamedTuple):
    """What a look at the pages gave."""

    entries: tuple[_Entry, ...]  # the newest first
    after: str | None = None  # the position after which to go on; None at the end


class _Range(NamedTuple):
    """Which events somebody asks for. None of a field means any value."""

    topic: str | None
    since: str | None  # the earliest `received_at`, ISO 8601
    until: str | None  # the latest

    def takes(self, entry: _Entry) -> bool:
        return (
            self.topic in (None, entry.topic)
            and (self.since or "") <= entry.received_at
            and (self.until is None or entry.received_at <= self.until)
        )


class _Listed(NamedTuple):
    """Events of one page, and the page's sort key."""

    page: str
    events: list[Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Events by tenant and id; listed by tenant and time. A large envelope rests on S3."""

    table: Table
    bodies: Bodies
    retention_days: int  # how long an event is kept after it was stored last
    clock: Callable[[], datetime]

    def put(self, events: Iterable[Event]) -> None:
        """Store events; the same event again changes nothing but how long it is kept.

        Raises:
            Transient: some of them may not be stored.
        """
        by_key = {Key(event.tenant, event.id): event for event in events}
        pages = list(_pages(by_key.values()))
        expires = {"expires_at": codec.scalar(self._expires_s())}
        writes = [self._page_item(page) | expires for page in pages]
        writes += [
            self._event_item(event, page.page) | expires for page in pages for event in page.events
        ]
        self.table.put_many(writes)

    def find(self, tenant: str, event_id: str) -> Event | None:
        """The event (strong read); None when there is none, or it has expired."""
        return self.find_many([Key(tenant, event_id)]).get(Key(tenant, event_id))

    def find_many(self, event_keys: Iterable[Key]) -> dict[Key, Event]:
        """Those of the events that are kept, strongly read, by key."""
        envelopes = map(self._envelope, self._items(event_keys).values())
        events = [items.event(text) for text in envelopes if text is not None]
        return {Key(event.tenant, event.id): event for event in events}

    def forget(self, event_keys: Iterable[Key]) -> int:
        """Delete events with their large envelopes; returns how many there were.

        A page of the listing keeps the id, the topic and the time of each, and nobody is shown one
        without its event.
        """
        asked = list(dict.fromkeys(event_keys))
        for tenant, event_id in asked:
            self.bodies.forget(tenant=tenant, record_id=items.body_id(tenant, event_id))
        kept = self._items(asked)
        self.table.delete_many({"pk": pk, "sk": keys.EVENT} for pk in kept)
        return len(kept)

    def newest(self, tenant: str, topic: str) -> Event | None:
        """The newest event of an exact topic; None when there is none among the latest 100,000.

        Of events that came within seconds, in batches side by side, it may be an earlier one.
        """
        after: str | None = None
        for _ in range(MAX_LISTINGS):
            page = self.list(tenant, topic=topic, after=after, limit=NEWEST_OF)
            if page.items or page.after is None:
                return page.items[0] if page.items else None
            after = page.after
        return None

    def list(
        self,
        tenant: str,
        *,
        topic: str | None = None,
        since: str | None = None,
        until: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[Event]:
        """A page of a tenant's events, the newest first; it may be short and not the last.

        Batches that came side by side overlap: the first event of a page may be newer than the last
        of the page before it, by less than a minute. A page ends early when its envelopes have
        `MAX_PAGE_BYTES`.

        Args:
            tenant: whose.
            topic: an exact topic; None for any.
            since: the earliest `received_at`, ISO 8601; None for no bound.
            until: the latest.
            after: the position after which to go on; None at the beginning.
            limit: at most so many.
        """
        wanted = _Range(topic, since, until)
        return self._opened(tenant, self._look(tenant, wanted, after=after, limit=limit))

    def _opened(self, tenant: str, look: _Look) -> Page[Event]:
        """The events of these entries, or of the first of them when they are too large."""
        stored = self._items(Key(tenant, entry.event_id) for entry in look.entries)
        events: list[Event] = []
        room, reached = MAX_PAGE_BYTES, ""
        for entry in look.entries:
            item = stored.get(keys.event(tenant, entry.event_id))
            # An event that came again is on several pages; its item names the one that counts.
            if item is None or codec.value(item["page"]) != entry.page:
                continue
            envelope = self._envelope(item)
            if envelope is None:
                continue
            room -= len(envelope.encode())
            if events and room < 0:
                return _page(events, after=reached)
            events.append(items.event(envelope))
            reached = entry.position
        return _page(events, after=look.after)

    def _look(self, tenant: str, wanted: _Range, *, after: str | None, limit: int) -> _Look:
        """Up to `limit` entries of the listing, after at most `MAX_LOOKS` requests."""
        query = _query(tenant, wanted, after=after, limit=limit)
        if query is None:
            return _Look(())
        entries = deque[_Entry]()
        for _ in range(MAX_LOOKS):
            pages, last = self.table.look(query)
            for entry in (entry for page in pages for entry in reversed(_entries_of(page))):
                if not wanted.takes(entry) or _was_listed(entry, after):
                    continue
                if len(entries) == limit:
                    return _Look(tuple(entries), after=entries[-1].position)
                entries.append(entry)
            if last is None:
                return _Look(tuple(entries))
            query["ExclusiveStartKey"] = last
        # The next page of the listing begins behind the last page that was read.
        return _Look(tuple(entries), after=f"{query['ExclusiveStartKey']['sk']['S']}#0")

    def _items(self, event_keys: Iterable[Key]) -> dict[str, Item]:
        """The items of those of the events that are kept, strongly read, by partition key."""
        table_keys = [
            {"pk": keys.event(tenant, event_id), "sk": keys.EVENT}
            for tenant, event_id in dict.fromkeys(event_keys)
        ]
        return {codec.value(item["pk"]): item for item in self.table.get_many(table_keys)}

    def _envelope(self, item: Mapping[str, Item]) -> str | None:
        """The envelope of an event's item, as JSON; None if it rested on S3 and has expired."""
        try:
            return items.envelope(item, self.bodies)
        except NotFound:  # the bucket's lifecycle was earlier than the table's
            return None

    def _event_item(self, event: Event, page: str) -> Item:
        return items.event_item(event, self.bodies) | codec.key(
            {"pk": keys.event(event.tenant, event.id), "sk": keys.EVENT, "page": page}
        )

    def _page_item(self, listed: _Listed) -> Item:
        entries = [[event.topic, event.id, event.received_at] for event in listed.events]
        return {
            **codec.key({"pk": keys.event_log(listed.events[0].tenant), "sk": listed.page}),
            "entries": codec.packed(dump(entries)),
        }

    def _expires_s(self) -> int:
        return int(self.clock().timestamp()) + self.retention_days * records.DAY_S


def _page(events: Iterable[Event], *, after: str | None) -> Page[Event]:
    newest_first = sorted(events, key=lambda event: event.received_at, reverse=True)
    return Page(items=tuple(newest_first), after=after)


def _query(tenant: str, wanted: _Range, *, after: str | None, limit: int) -> dict[str, Any] | None:
    """The query for pages, the newest first; None when there can be none.

    A page may begin before the earliest time that is asked for, but within the same minute.
    """
    low, high = (wanted.since or "0")[:MINUTE_CHARS], f"{wanted.until or ''}~"
    if after is not None:
        high = min(high, after.rpartition("#")[0])
    if low > high:
        return None
    return {
        "KeyConditionExpression": "pk = :tenant AND sk BETWEEN :low AND :high",
        "ExpressionAttributeValues": codec.key(
            {":tenant": keys.event_log(tenant), ":low": low, ":high": high}
        ),
        "ScanIndexForward": False,
        "ConsistentRead": True,
        "Limit": limit + 1 if wanted.topic is None else LOOK_AT,
    }


def _was_listed(entry: _Entry, after: str | None) -> bool:
    page, _, number = (after or "").rpartition("#")
    # A cursor may be forged, so what stands behind its page may be no number.
    first = int(number) if number.isdecimal() else 0
    return entry.page == page and entry.number >= first


def _pages(events: Iterable[Event]) -> Iterator[_Listed]:
    """The pages that list these events: those of a tenant and a minute, in order, ten to a page."""
    together: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        minute = event.received_at[:MINUTE_CHARS]
        together.setdefault((event.tenant, minute), []).append(event)
    for of_minute in together.values():
        of_minute.sort(key=lambda event: (event.received_at, event.id))
        for start in range(0, len(of_minute), ENTRIES):
            piece = of_minute[start : start + ENTRIES]
            digest = hashlib.sha256("\0".join(event.id for event in piece).encode()).hexdigest()
            yield _Listed(f"{piece[0].received_at}#{digest[:DIGEST_CHARS]}", piece)


def _entries_of(item: Mapping[str, Item]) -> list[_Entry]:
    """What is on a page, the oldest first."""
    return [
        _Entry(topic, event_id, received_at, str(item["sk"]["S"]), number)
        for number, (topic, event_id, received_at) in enumerate(
            json.loads(codec.value(item["entries"]))
        )
    ]
