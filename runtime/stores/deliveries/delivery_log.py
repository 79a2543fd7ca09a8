"""The log of deliveries: lists them in the order of time, ten to an item.

An index would hold every delivery once more, and bill each as a write. The log announces the new
deliveries of a batch together, in one small page, before their records are written. A record names
the page that lists it, and an entry counts only if its record names its page. So nobody sees what a
killed worker has announced in vain, and a delivery that was announced twice is listed once.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from runtime.core.deliveries.delivery import Delivery, Selection
from runtime.core.json_text import dump
from runtime.stores.aws.clients import Clients
from runtime.stores.tables import codec, keys, records
from runtime.stores.tables.codec import Item
from runtime.stores.tables.table import LOOK_AT, Table

ENTRIES: Final = 10  # of a page: as many as a batch has, and as fit into the 1 KB of a write unit
DIGEST_CHARS: Final = 12  # of the digest: tells apart the pages of one tenant and one millisecond
DAY_CHARS: Final = 4  # hexadecimal: until 2149
# A page lives longer than a delivery that arrives at once, so that retries need no other page.
GRACE_S: Final = 4 * records.DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A delivery that was announced."""

    delivery_id: str
    webhook_id: str
    topic: str
    created_at: str  # ISO 8601; the delivery's, and so that of its page
    page: str  # the name of the page that lists it
    number: int  # its place on the page, from 0

    @property
    def position(self) -> str:
        """Its page and its number there, for a cursor."""
        return f"{keys.log_page(self.created_at, self.page)}#{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the next page of a listing begins: after this entry of this page."""

    sort_key: str  # of the page
    number: int  # of the entry, from 0

    @classmethod
    def parse(cls, position: str) -> "_Place":
        sort_key, _, number = position.rpartition("#")
        return cls(sort_key=sort_key, number=int(number))

    def has_seen(self, entry: Entry, *, oldest_first: bool) -> bool:
        if keys.log_page(entry.created_at, entry.page) != self.sort_key:
            return False
        return entry.number <= self.number if oldest_first else entry.number >= self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one request for entries gave."""

    entries: tuple[Entry, ...]  # in the order that was asked for
    after: str | None = None  # the position after which to go on; None at the end of the log


class _Page(NamedTuple):
    """Deliveries of one tenant and one time, and the name of their page."""

    name: str
    deliveries: list[Delivery]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLog:
    """Pages by tenant and time."""

    table: Table
    retention_days: int  # how long the records of deliveries are kept after their last use

    def announce(self, deliveries: Iterable[Delivery]) -> dict[str, str]:
        """Write the pages for new deliveries; returns the page of each, by its id.

        The same deliveries of the same time make the same page, so a repeat changes nothing.
        """
        pages = list(self._pages(deliveries))
        self.table.put_many(map(self._item, pages))
        return {delivery.id: page.name for page in pages for delivery in page.deliveries}

    def lasts(self, delivery: Delivery) -> bool:
        """Whether the delivery is on a page that lasts as long as its record."""
        if delivery.page is None:
            return False
        return records.expires_s(delivery, self.retention_days) <= _end_s(delivery.page)

    def look(
        self,
        tenant: str,
        selection: Selection,
        *,
        after: str | None,
        limit: int,
        oldest_first: bool,
    ) -> Look:
        """Up to `limit` entries of the webhook, topic and time that are selected.

        It makes one strongly consistent request, which may give few entries, or none, before the
        end.
        """
        low, high = keys.between(selection.since, selection.until)
        place = None if after is None else _Place.parse(after)
        if place is not None and oldest_first:
            low = max(low, place.sort_key)
        elif place is not None:
            high = min(high, place.sort_key)
        if low > high:
            return Look(entries=())
        filters = selection.webhook_id is not None or selection.topic is not None
        items, last = self.table.look(
            {
                "KeyConditionExpression": "pk = :tenant AND sk BETWEEN :low AND :high",
                "ExpressionAttributeValues": codec.key(
                    {":tenant": tenant, ":low": low, ":high": high}
                ),
                "ScanIndexForward": oldest_first,
                "ConsistentRead": True,
                "Limit": LOOK_AT if filters else limit,
            }
        )
        page_entries: list[Entry] = []
        step = 1 if oldest_first else -1
        for entry in (entry for item in items for entry in entries(item)[::step]):
            after = entry.position
            if place is not None and place.has_seen(entry, oldest_first=oldest_first):
                continue
            if not _fits(entry, selection):
                continue
            page_entries.append(entry)
            if len(page_entries) == limit:
                return Look(entries=tuple(page_entries), after=after)
        return Look(entries=tuple(page_entries), after=None if last is None else after)

    def _pages(self, deliveries: Iterable[Delivery]) -> Iterator[_Page]:
        together: dict[tuple[str, str], list[Delivery]] = {}  # by tenant and time
        for delivery in deliveries:
            together.setdefault((delivery.tenant, delivery.created_at), []).append(delivery)
        for listed in together.values():
            for start in range(0, len(listed), ENTRIES):
                piece = listed[start : start + ENTRIES]
                yield _Page(self._name(piece), piece)

    def _name(self, listed: list[Delivery]) -> str:
        """The name of a page: its last day, which records must know, and a digest of entries."""
        expires_s = max(records.expires_s(each, self.retention_days) for each in listed)
        day = math.ceil((expires_s + GRACE_S) / records.DAY_S)
        digest = hashlib.sha256("\0".join(each.id for each in listed).encode()).hexdigest()
        return f"{day:0{DAY_CHARS}x}{digest[:DIGEST_CHARS]}"

    def _item(self, page: _Page) -> Item:
        tree: dict[str, dict[str, list[str]]] = {}
        first = page.deliveries[0]
        for each in page.deliveries:
            tree.setdefault(each.topic, {}).setdefault(each.webhook_id, []).append(each.id)
        return {
            **codec.key({"pk": first.tenant, "sk": keys.log_page(first.created_at, page.name)}),
            "entries": codec.packed(dump(tree)),
            "expires_at": codec.scalar(_end_s(page.name)),
        }


def in_table(name: str, clients: Clients, retention_days: int) -> DeliveryLog:
    """The log in this table."""
    table = Table(client=clients.tables, name=name)
    return DeliveryLog(table=table, retention_days=retention_days)


def is_listed(entry: Entry, delivery: Delivery) -> bool:
    """Whether the record belongs to the page that this entry is on."""
    return (delivery.created_at, delivery.page) == (entry.created_at, entry.page)


def _end_s(page: str) -> int:
    return int(page[:DAY_CHARS], 16) * records.DAY_S


def entries(item: Mapping[str, Any]) -> list[Entry]:
    """What is on a page, in the order of its numbers."""
    created_at, page = keys.parse_log_page(item["sk"]["S"])
    tree: dict[str, dict[str, list[str]]] = json.loads(codec.value(item["entries"]))
    flat = (
        (topic, webhook_id, delivery_id)
        for topic, webhooks in tree.items()
        for webhook_id, delivery_ids in webhooks.items()
        for delivery_id in delivery_ids
    )
    return [
        Entry(
            delivery_id=delivery_id,
            webhook_id=webhook_id,
            topic=topic,
            created_at=created_at,
            page=page,
            number=number,
        )
        for number, (topic, webhook_id, delivery_id) in enumerate(flat)
    ]


def _fits(entry: Entry, selection: Selection) -> bool:
    return selection.webhook_id in (None, entry.webhook_id) and selection.topic in (
        None,
        entry.topic,
    )
