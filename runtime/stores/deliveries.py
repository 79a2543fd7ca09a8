"""Where deliveries rest: one item each, one conditional write an attempt."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from runtime.core.delivery import Delivery, Selection, Status
from runtime.core.page import Page
from runtime.stores import codec, keys, records
from runtime.stores.bodies import INLINE_BODY_BYTES, Bodies
from runtime.stores.codec import Item
from runtime.stores.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """Deliveries by id; listed by webhook, tenant, event, status and due time.

    A large body is kept apart from its record, and comes only with `open`.
    """

    table: Table
    bodies: Bodies
    retention_days: int

    def find(self, delivery_id: str) -> Delivery | None:
        """The delivery as it stands now (strong read), or None before its first attempt."""
        item = self.table.get({"pk": delivery_id})
        return None if item is None else codec.delivery(item)

    def get(self, delivery_ids: Iterable[str]) -> dict[str, Delivery]:
        """Those that have a record, as they stand now (strong read), by id."""
        each = [{"pk": delivery_id} for delivery_id in dict.fromkeys(delivery_ids)]
        found = map(codec.delivery, self.table.get_many(each))
        return {delivery.id: delivery for delivery in found}

    def open(self, delivery: Delivery) -> Delivery:
        """The delivery with its body.

        Raises:
            NotFound: code `body_expired`.
        """
        if delivery.body_at is None:
            return delivery
        return replace(delivery, body=self.bodies.read(delivery.body_at))

    def renew(self, delivery: Delivery) -> None:
        """See that its body is kept as long as a record that is written now.

        Raises:
            NotFound: code `body_expired`.
        """
        if delivery.body_at is not None:
            self.bodies.renew(delivery.body_at)

    def add(self, delivery: Delivery) -> bool:
        """Store a delivery that has no record yet; whether it had none.

        Losing to a twin is success: the same event makes the same delivery.
        """
        return self.table.put_if(self._item(self._kept(delivery)), "attribute_not_exists(pk)")

    def replace(self, old: Delivery, new: Delivery) -> bool:
        """Store what an attempt has made of `old`; False when another has attempted it since.

        Attempt, state and next due time go in one write: no timer can be lost.
        """
        # Of two workers with the same hint both have POSTed; the first to write decides.
        unchanged = "next_attempt = :attempt AND #status = :status"
        return self.table.put_if(
            self._item(self._kept(new)), unchanged, attempt=old.next_attempt, status=str(old.status)
        )

    def lease(self, delivery: Delivery, *, until_ms: int) -> bool:
        """Push its due time to `until_ms` unless another sweep has; whether it was us."""
        return records.lease(self.table, delivery, until_ms=until_ms)

    def due(self, *, shard: str, now_ms: int, limit: int) -> Iterator[Delivery]:
        """Due deliveries of a shard (see `keys.DUE_SHARDS`), the longest waiting first."""
        return records.due(self.table, codec.delivery, shard=shard, now_ms=now_ms, limit=limit)

    def list(
        self,
        tenant: str,
        selection: Selection,
        *,
        after: str | None = None,
        limit: int = 50,
        oldest_first: bool = False,
    ) -> Page[Delivery]:
        """A page of a tenant's deliveries, newest first; it may be short and not the last.

        Read from the index that holds the fewest: of the event, of the status, of the webhook.
        """
        if selection.event_id is not None:
            return self._of_event(tenant, selection, after=after, limit=limit)
        index, partition = _narrowest(tenant, selection)
        ages = records.AgeList(
            index=index,
            partition=partition,
            since=selection.since,
            until=selection.until,
            oldest_first=oldest_first,
        )
        query = ages.query(
            after=after,
            webhook_id=selection.webhook_id if index != "by_webhook" else None,
            status=selection.status if index != "by_status" else None,
            topic=selection.topic,
        )
        return self.table.bounded_page(
            query, codec.delivery, limit=limit, position=records.position
        )

    def _of_event(
        self, tenant: str, selection: Selection, *, after: str | None, limit: int
    ) -> Page[Delivery]:
        ages = records.AgeList(
            index="by_event",
            partition=keys.by_event(tenant, selection.event_id or ""),
            since=selection.since,
            until=selection.until,
        )
        # That index holds keys only: it is written for every delivery, and billed by the size.
        page = self.table.bounded_page(
            ages.query(after=after),
            lambda item: str(item["pk"]["S"]),
            limit=limit,
            position=records.position,
        )
        found = self.get(page.items)
        every = (found[each] for each in page.items if each in found)
        return Page(items=tuple(d for d in every if _fits(d, selection)), after=page.after)

    def _kept(self, delivery: Delivery) -> Delivery:
        """The delivery as it rests; a large body is in its place before the record is written."""
        if len(delivery.body.encode()) <= INLINE_BODY_BYTES:
            return delivery
        at = delivery.body_at or self.bodies.keep(
            delivery.body, tenant=delivery.tenant, record_id=delivery.id
        )
        return replace(delivery, body="", body_at=at)

    def _item(self, delivery: Delivery) -> Item:
        return {
            **records.attributes(delivery, retention_days=self.retention_days),
            **codec.key(
                {
                    "by_webhook_pk": keys.by_webhook(delivery.tenant, delivery.webhook_id),
                    "by_tenant_pk": delivery.tenant,
                    "by_event_pk": keys.by_event(delivery.tenant, delivery.event_id),
                }
            ),
            **_status_key(delivery),
            "next_attempt": codec.scalar(delivery.next_attempt),
        }


def _status_key(delivery: Delivery) -> Item:
    # Sparse: what arrives at once, as nearly all do, is never in it and costs nothing.
    if delivery.status is Status.DELIVERED:
        return {}
    return codec.key({"by_status_pk": keys.by_status(delivery.tenant, delivery.status)})


def _narrowest(tenant: str, selection: Selection) -> tuple[str, str]:
    if selection.status not in (None, Status.DELIVERED):
        return "by_status", keys.by_status(tenant, str(selection.status))
    if selection.webhook_id is not None:
        return "by_webhook", keys.by_webhook(tenant, selection.webhook_id)
    return "by_tenant", tenant


def _fits(delivery: Delivery, selection: Selection) -> bool:
    return (
        selection.webhook_id in (None, delivery.webhook_id)
        and selection.status in (None, delivery.status)
        and selection.topic in (None, delivery.topic)
    )
