"""Lists a tenant's waiting deliveries, the next due first, by the due index that the sweep reads.

An index of their own would bill each retry twice more: when it begins to wait, and when it ends. So
the deliveries of a tenant wait in a few shards (see `shards.delivery_shards`), among those of other
tenants, which are passed over. The shards are read side by side and merged by due time.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from runtime.core.deliveries.delivery import Selection
from runtime.core.page import Page
from runtime.stores.tables import codec, shards
from runtime.stores.tables.codec import Item
from runtime.stores.tables.table import LOOK_AT, Answer, Table

MAX_LOOKS: Final = 8  # at the index, for one page: two at each shard
BETWEEN: Final = "|"  # places in a cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """How far a shard was read."""

    due_ms: int = 0  # epoch ms; everything due before it was read
    # Of those due at `due_ms`, the last delivery that was read; empty if none was. It is always
    # one of the tenant's, because a cursor must not name another tenant's delivery.
    own_id: str = ""

    @classmethod
    def parse(cls, text: str) -> "_Place":
        due_ms, _, own_id = text.partition("#")
        return cls(due_ms=int(due_ms), own_id=own_id)

    def __str__(self) -> str:
        return f"{self.due_ms}#{self.own_id}" if self.own_id else str(self.due_ms)

    def key(self, shard: str) -> Item | None:
        """The key after which a query goes on; None when the place is a time without an entry."""
        if not self.own_id:
            return None
        key = codec.key({"due_shard": shard, "pk": self.own_id})
        return key | {"due_at_ms": codec.scalar(self.due_ms)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """An entry of a shard, or a stop: a time at which reading may end."""

    shard: int  # its place among the tenant's shards, from 0
    due_ms: int  # epoch ms
    delivery_id: str = ""  # empty for a stop

    @property
    def place(self) -> _Place:
        """Where the shard goes on after it."""
        return _Place(due_ms=self.due_ms, own_id=self.delivery_id)


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Looks at shards of the index, and counts how often."""

    table: Table
    filter: dict[str, Any]  # the part of the query that fits entries to tenant and selection
    looks: int = 0  # how many requests were made

    def steps(self, number: int, shard: str, place: _Place) -> Iterator[_Step]:
        """The tenant's entries after the place, with a stop after each look but the last.

        A look may end among other tenants' entries of one time. Then the stop is at that time,
        before all of its entries; there is no stop where reading would not have moved.
        """
        last, stopped_ms = place.key(shard), place.due_ms
        while True:
            items, last = self._look(shard, place, last)
            steps = [
                _Step(
                    shard=number,
                    due_ms=codec.value(item["due_at_ms"]),
                    delivery_id=codec.value(item["pk"]),
                )
                for item in items
            ]
            if last is None:
                yield from steps
                return
            end_ms = codec.value(last["due_at_ms"])
            yield from (step for step in steps if step.due_ms < end_ms)
            if end_ms > stopped_ms:
                yield _Step(shard=number, due_ms=end_ms)
                stopped_ms = end_ms
            yield from (step for step in steps if step.due_ms == end_ms)

    def _look(self, shard: str, place: _Place, last: Item | None) -> Answer:
        self.looks += 1
        behind = {} if last is None else {"ExclusiveStartKey": last}
        values = codec.key({":shard": shard}) | {":since_ms": codec.scalar(place.due_ms)}
        return self.table.look(
            {
                "IndexName": "due",
                "KeyConditionExpression": "due_shard = :shard AND due_at_ms >= :since_ms",
                "Limit": LOOK_AT,
                **self.filter,
                "ExpressionAttributeValues": self.filter["ExpressionAttributeValues"] | values,
                **behind,
            }
        )


def page(
    table: Table, tenant: str, selection: Selection, *, after: str | None, limit: int
) -> Page[str]:
    """Ids of the tenant's waiting deliveries; the page may be short, or empty, and not the last.

    A delivery that keeps its due time while the pages are read is in exactly one of them; one that
    is put off meanwhile may come again on a later page.
    """
    waited_in = shards.delivery_shards(tenant)
    places = [_Place()] * len(waited_in) if after is None else _places(after)
    reader = _Reader(table=table, filter=_filter(tenant, selection))
    read = (
        reader.steps(number, shard, place)
        for number, (shard, place) in enumerate(zip(waited_in, places, strict=True))
    )
    delivery_ids: list[str] = []
    # The merge is lazy: it looks at a shard again only when it has passed the shard's last stop.
    for step in heapq.merge(*read, key=lambda step: step.due_ms):
        if step.delivery_id and len(delivery_ids) == limit:
            return Page(items=tuple(delivery_ids), after=_after(places))
        places[step.shard] = step.place
        if step.delivery_id:
            delivery_ids.append(step.delivery_id)
        elif reader.looks >= MAX_LOOKS:
            return Page(items=tuple(delivery_ids), after=_after(places))
    return Page(items=tuple(delivery_ids))


def _places(after: str) -> list[_Place]:
    return [_Place.parse(text) for text in after.split(BETWEEN)]


def _after(places: list[_Place]) -> str:
    return BETWEEN.join(map(str, places))


def _filter(tenant: str, selection: Selection) -> dict[str, Any]:
    fields = {"tenant": tenant, "webhook_id": selection.webhook_id, "topic": selection.topic}
    values = {name: value for name, value in fields.items() if value is not None}
    conditions = [f"#{name} = :{name}" for name in values]
    if selection.since is not None or selection.until is not None:
        # Not BETWEEN, which DynamoDB refuses for a range that ends before it begins.
        conditions += ["#created_at >= :since", "#created_at <= :until"]
        values |= {"since": selection.since or "0", "until": selection.until or "~"}
    expression = " AND ".join(conditions)
    return {"FilterExpression": expression, **codec.placeholders(expression, values)}
