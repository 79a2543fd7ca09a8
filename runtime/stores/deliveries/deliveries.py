"""Stores deliveries: an item each, and one conditional write an attempt."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from runtime.core import ids
from runtime.core.deliveries.delivery import Delivery, Selection, Status, Waiting
from runtime.core.page import Page
from runtime.stores.bodies import INLINE_BODY_BYTES, Bodies
from runtime.stores.deliveries import items, waiting
from runtime.stores.deliveries.delivery_log import DeliveryLog, Entry, is_listed
from runtime.stores.tables import codec, keys, records, shards
from runtime.stores.tables.codec import Item
from runtime.stores.tables.table import MAX_BATCH_GET, Table

IS_NEW: Final = "attribute_not_exists(pk)"
# Two workers with the same hint have both POSTed; the first to write decides.
IS_UNCHANGED: Final = "next_attempt = :attempt AND #status = :status"
IS_UNMOVED: Final = "due_at_ms = :was"
MAX_LOOKS: Final = 10  # at the log, for one page of a listing


class _Listed(NamedTuple):
    """A delivery, and the entry of the log that names it."""

    entry: Entry
    record: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """Deliveries by id and due time; listed by the log, by due time, or by an index of trouble.

    A large body is stored apart from its record; only `open` fetches it.
    """

    table: Table
    log: DeliveryLog
    bodies: Bodies

    def find(self, delivery_id: str) -> Delivery | None:
        """The delivery as it stands now (strong read), or None before its first attempt."""
        item = self.table.get({"pk": delivery_id})
        return None if item is None or not records.is_record(item) else items.delivery(item)

    def get(self, delivery_ids: Iterable[str]) -> dict[str, Delivery]:
        """The deliveries of these that have a record, strongly read, by id."""
        each = [{"pk": delivery_id} for delivery_id in dict.fromkeys(delivery_ids)]
        stored = filter(records.is_record, self.table.get_many(each))
        deliveries = map(items.delivery, stored)
        return {delivery.id: delivery for delivery in deliveries}

    def open(self, delivery: Delivery) -> Delivery:
        """The delivery with its body.

        Raises:
            NotFound: code `body_expired`.
        """
        if delivery.body_at is None:
            return delivery
        return replace(delivery, body=self.bodies.read(delivery.body_at))

    def renew(self, delivery: Delivery) -> None:
        """Keep the body as long as a record that is written now.

        Raises:
            NotFound: code `body_expired`.
        """
        if delivery.body_at is not None:
            self.bodies.renew(delivery.body_at)

    def add(self, delivery: Delivery) -> bool:
        """Store a delivery unless it has a record already; returns whether it was stored.

        If not, another worker has stored it: the same event makes the same delivery.
        """
        return self.table.put_if(self._item(self._settled(delivery)), IS_NEW)

    async def add_async(self, delivery: Delivery) -> bool:
        """Do as `add` does, without holding up the event loop."""
        return await self.table.put_if_async(
            self._item(await self._settled_async(delivery)), IS_NEW
        )

    def replace(self, old: Delivery, new: Delivery) -> bool:
        """Store `new` in the place of `old`; False when `old` has changed since it was read.

        Attempt, status and next due time go in one write, so that no timer can be lost.
        """
        item = self._item(self._settled(_next(old, new)))
        return self.table.put_if(item, IS_UNCHANGED, **_standing(old))

    def blank(self, old: Delivery, new: Delivery) -> bool:
        """Store `new`, which has less, in the place of `old`; False if `old` has changed meanwhile.

        It expires no later, so the page that lists it lasts.
        """
        item = self._item(_next(old, new))
        return self.table.put_if(item, IS_UNCHANGED, **_standing(old))

    async def replace_async(self, old: Delivery, new: Delivery) -> bool:
        """Do as `replace` does, without holding up the event loop."""
        item = self._item(await self._settled_async(_next(old, new)))
        return await self.table.put_if_async(item, IS_UNCHANGED, **_standing(old))

    def lease(self, delivery: Delivery | Waiting, *, until_ms: int) -> bool:
        """Move the due time to `until_ms`; False when another sweep has moved it already."""
        return records.lease(self.table, delivery, until_ms=until_ms)

    def hasten(self, old: Delivery, new: Delivery) -> bool:
        """Store `new`, which is due earlier, in the place of `old`, which waits.

        Returns False when `old` has changed since it was read, its due time included. A sweep moves
        that alone when it sends a hint.
        """
        item = self._item(self._settled(_next(old, new)))
        condition = f"{IS_UNCHANGED} AND {IS_UNMOVED}"
        return self.table.put_if(item, condition, **_standing(old), was=old.due_at_ms or 0)

    def due(self, *, shard: str, now_ms: int, limit: int) -> Iterator[Waiting]:
        """Due deliveries of a shard (see `shards.DELIVERY_SHARDS`), the longest waiting first."""
        return records.due(self.table, items.waiting, shard=shard, now_ms=now_ms, limit=limit)

    def announce(self, deliveries: Iterable[Delivery]) -> dict[str, str]:
        """Announce new deliveries to the log; returns the page of each, for its record to name."""
        return self.log.announce(deliveries)

    def list(
        self,
        tenant: str,
        selection: Selection,
        *,
        after: str | None = None,
        limit: int = 50,
        oldest_first: bool = False,
    ) -> Page[Delivery]:
        """A page of a tenant's deliveries, the newest first; it may be short and not the last.

        Pending deliveries come in the order in which they are due. For one event there are only
        those whose ids are not hashes of the event and a webhook.
        """
        if selection.event_id is not None:
            return self._of_event(tenant, selection, after=after, limit=limit)
        if selection.status is Status.PENDING:
            return self._waiting(tenant, selection, after=after, limit=limit)
        if selection.status in (None, Status.DELIVERED):
            return self._logged(
                tenant, selection, after=after, limit=limit, oldest_first=oldest_first
            )
        ages = records.AgeList(
            index="by_status",
            partition=keys.by_status(tenant, str(selection.status)),
            since=selection.since,
            until=selection.until,
            oldest_first=oldest_first,
        )
        query = ages.query(after=after, webhook_id=selection.webhook_id, topic=selection.topic)
        return self.table.bounded_page(
            query, items.delivery, limit=limit, position=records.position
        )

    def _logged(
        self,
        tenant: str,
        selection: Selection,
        *,
        after: str | None,
        limit: int,
        oldest_first: bool,
    ) -> Page[Delivery]:
        listed: list[_Listed] = []
        # The log does not know the status, and few deliveries may have it. So with a status each
        # look reads as many entries as one request for records can take.
        look_at = limit + 1 if selection.status is None else max(limit + 1, MAX_BATCH_GET)
        for _ in range(MAX_LOOKS):
            look = self.log.look(
                tenant, selection, after=after, limit=look_at, oldest_first=oldest_first
            )
            by_id = self.get(entry.delivery_id for entry in look.entries)
            each = ((entry, by_id.get(entry.delivery_id)) for entry in look.entries)
            listed += [
                _Listed(entry, record)
                for entry, record in each
                if record is not None
                and is_listed(entry, record)
                and selection.status in (None, record.status)
            ]
            after = look.after
            if after is None or len(listed) > limit:
                break
        page = listed[:limit]
        if len(listed) > limit:
            after = page[-1].entry.position
        return Page(items=tuple(each.record for each in page), after=after)

    def _of_event(
        self, tenant: str, selection: Selection, *, after: str | None, limit: int
    ) -> Page[Delivery]:
        ages = records.AgeList(
            index="by_event",
            partition=keys.by_event(tenant, selection.event_id or ""),
            since=selection.since,
            until=selection.until,
        )
        # The index holds keys only, because it is billed by its size.
        page = self.table.bounded_page(
            ages.query(after=after),
            lambda item: str(item["pk"]["S"]),
            limit=limit,
            position=records.position,
        )
        return self._fetched(page, selection)

    def _waiting(
        self, tenant: str, selection: Selection, *, after: str | None, limit: int
    ) -> Page[Delivery]:
        page = waiting.page(self.table, tenant, selection, after=after, limit=limit)
        return self._fetched(page, selection)

    def _fetched(self, page: Page[str], selection: Selection) -> Page[Delivery]:
        """The records of a page of ids, without those that no longer fit the selection."""
        by_id = self.get(page.items)
        every = (by_id[each] for each in page.items if each in by_id)
        return Page(items=tuple(d for d in every if selection.takes(d)), after=page.after)

    def _settled(self, delivery: Delivery) -> Delivery:
        """The delivery as its record stores it; what the record names is written first."""
        return self._kept(self._listed(delivery))

    async def _settled_async(self, delivery: Delivery) -> Delivery:
        if self.log.lasts(delivery) and _is_inline(delivery):
            return delivery  # nearly all deliveries need no write of their own here
        import asyncio  # costs nothing: whoever writes from an event loop has imported it

        return await asyncio.to_thread(self._settled, delivery)

    def _listed(self, delivery: Delivery) -> Delivery:
        """The delivery, listed on a page that lasts as long as its record."""
        if self.log.lasts(delivery):
            return delivery
        return replace(delivery, page=self.log.announce([delivery])[delivery.id])

    def _kept(self, delivery: Delivery) -> Delivery:
        """The delivery as it is stored. A large body is written before the record."""
        if _is_inline(delivery):
            return delivery
        at = delivery.body_at or self.bodies.keep(
            delivery.body, tenant=delivery.tenant, record_id=delivery.id
        )
        return replace(delivery, body="", body_at=at)

    def _item(self, delivery: Delivery) -> Item:
        lists = _sparse_lists(delivery)
        if lists:
            lists["list_sk"] = keys.in_time(delivery.created_at, delivery.id)
        return {
            **items.delivery_item(delivery),
            **codec.key(lists),
            **records.due_key(delivery, shard=shards.delivery_shard(delivery.tenant, delivery.id)),
            "next_attempt": codec.scalar(delivery.next_attempt),
            "expires_at": codec.scalar(records.expires_s(delivery, self.log.retention_days)),
        }


def _next(old: Delivery, new: Delivery) -> Delivery:
    """The delivery as it follows the record that it replaces."""
    return replace(new, revision=old.revision + 1)


def _is_inline(delivery: Delivery) -> bool:
    return len(delivery.body.encode()) <= INLINE_BODY_BYTES


def _standing(delivery: Delivery) -> dict[str, str | float]:
    """The values in the condition on a record."""
    return {"attempt": delivery.next_attempt, "status": str(delivery.status)}


def _sparse_lists(delivery: Delivery) -> dict[str, str]:
    # Nearly all deliveries arrive at the first attempt, and those are in neither list.
    lists: dict[str, str] = {}
    if delivery.status not in (Status.DELIVERED, Status.PENDING):
        lists["by_status_pk"] = keys.by_status(delivery.tenant, delivery.status)
    derived_id = ids.delivery_id(delivery.tenant, delivery.event_id, delivery.webhook_id)
    if delivery.id != derived_id:
        lists["by_event_pk"] = keys.by_event(delivery.tenant, delivery.event_id)
    return lists
