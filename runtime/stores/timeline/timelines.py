"""Stores the timelines of profiles: an item for each entry, in a partition for each profile."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from runtime.core.page import Page
from runtime.core.timeline import entry as entries
from runtime.core.timeline.entry import Entry, Selection
from runtime.stores.tables import codec, keys, records
from runtime.stores.tables.table import LOOK_AT, Table
from runtime.stores.timeline import items

MAX_LOOKS: Final = 10  # requests for one page, besides the first one for each profile
MIN_LOOK_AT: Final = 10  # entries of one request, when a page is made of many timelines


class _NoLookLeft(Exception):
    """The page has made all requests that it may."""


@dataclass(slots=True)
class _Looks:
    """How many requests a page may still make."""

    left: int

    def take(self) -> None:
        if not self.left:
            raise _NoLookLeft
        self.left -= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Range:
    """Which entries of a partition a page reads."""

    low: str  # the lowest place
    high: str  # the highest place
    look_at: int  # how many entries one request reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Timelines:
    """Entries by profile and time."""

    table: Table
    retention_days: int  # how long an entry is kept after it was written last
    clock: Callable[[], datetime]

    def put(self, timeline: Iterable[Entry]) -> None:
        """Store entries; the same entry again changes nothing but how long it is kept.

        Raises:
            Transient: some of them may not be stored.
        """
        expires_s = int(self.clock().timestamp()) + self.retention_days * records.DAY_S
        expires = {"expires_at": codec.scalar(expires_s)}
        # DynamoDB refuses a batch that names one item twice.
        once = {(each.tenant, each.profile_id, each.place): each for each in timeline}
        self.table.put_many(items.entry_item(each) | expires for each in once.values())

    def page(
        self,
        tenant: str,
        profile_ids: Sequence[str],
        selection: Selection,
        *,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[Entry]:
        """A page of one person's timelines, the newest first; it may be short and not the last.

        It makes one request for each id and `MAX_LOOKS` more at most.

        Args:
            tenant: whose.
            profile_ids: the person's profile, and those that were merged into it.
            selection: which of the entries.
            after: the place of the entry after which to go on; None at the beginning.
            limit: at most so many.
        """
        wanted = _range(selection, after, look_at=_look_at(selection, limit, len(profile_ids)))
        if wanted.low > wanted.high:
            return Page(items=())
        looks = _Looks(len(profile_ids) + MAX_LOOKS)
        timelines = [self._read(tenant, each, wanted, looks) for each in profile_ids]
        page: list[Entry] = []
        reached = after
        try:
            for entry in entries.merged(timelines):
                if entry.place == after:
                    continue
                if len(page) == limit:
                    return Page(items=tuple(page), after=reached)
                if selection.takes(entry):
                    page.append(entry)
                reached = entry.place
        except _NoLookLeft:
            return Page(items=tuple(page), after=reached)
        return Page(items=tuple(page))

    def forget(self, tenant: str, profile_id: str) -> int:
        """Delete a profile's timeline; returns how many entries there were."""
        query = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": codec.key({":pk": keys.timeline(tenant, profile_id)}),
            "ProjectionExpression": "pk, sk",
            "ConsistentRead": True,
        }
        entry_keys = [
            {name: item[name]["S"] for name in ("pk", "sk")} for item in self.table.query(query)
        ]
        self.table.delete_many(entry_keys)
        return len(entry_keys)

    def _read(self, tenant: str, profile_id: str, wanted: _Range, looks: _Looks) -> Iterator[Entry]:
        """The entries of one profile, the newest first, strongly read, request by request."""
        values = {
            ":pk": keys.timeline(tenant, profile_id),
            ":low": wanted.low,
            ":high": wanted.high,
        }
        query = {
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :low AND :high",
            "ExpressionAttributeValues": codec.key(values),
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "Limit": wanted.look_at,
        }
        while True:
            looks.take()
            answer = self.table.look(query)
            yield from map(items.entry, answer.items)
            if answer.last is None:
                return
            query["ExclusiveStartKey"] = answer.last


def _range(selection: Selection, after: str | None, *, look_at: int) -> _Range:
    # Places begin with a digit, and `:` sorts behind all digits. Other things in a profile's
    # partition begin with a letter.
    high = ":" if selection.until is None else f"{selection.until}~"
    return _Range(
        low=selection.since or "0",
        high=high if after is None else min(high, after),
        look_at=look_at,
    )


def _look_at(selection: Selection, limit: int, timelines: int) -> int:
    """How many entries one request reads: those of the page, and those that it passes over."""
    if selection.kinds is not None:
        return LOOK_AT
    if timelines == 1:
        return limit + 2  # the one that the page before ended with, and one to see if more come
    return min(limit + 2, max(MIN_LOOK_AT, 2 * limit // timelines))
