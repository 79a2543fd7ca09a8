"""Where deliveries rest: one item each, one conditional write an attempt."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runtime.core.delivery import Delivery, Status
from runtime.core.page import Page
from runtime.stores import codec, keys, records
from runtime.stores.codec import Item
from runtime.stores.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """Deliveries by id; listed by webhook, by tenant and by due time."""

    table: Table
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

    def add(self, delivery: Delivery) -> bool:
        """Store a delivery that has no record yet; whether it had none.

        Losing to a twin is success: the same event makes the same delivery.
        """
        return self.table.put_if(self._item(delivery), "attribute_not_exists(pk)")

    def replace(self, old: Delivery, new: Delivery) -> bool:
        """Store what an attempt has made of `old`; False when another has attempted it since.

        Attempt, state and next due time go in one write: no timer can be lost.
        """
        # Of two workers with the same hint both have POSTed; the first to write decides.
        unchanged = "next_attempt = :attempt AND #status = :status"
        return self.table.put_if(
            self._item(new), unchanged, attempt=old.next_attempt, status=str(old.status)
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
        *,
        webhook_id: str | None = None,
        status: Status | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[Delivery]:
        """A tenant's deliveries, newest first, of one webhook and one status if given."""
        by_webhook = webhook_id is not None
        return records.newest(
            self.table,
            codec.delivery,
            index="by_webhook" if by_webhook else "by_tenant",
            partition=keys.by_webhook(tenant, webhook_id) if webhook_id is not None else tenant,
            status=status,
            after=after,
            limit=limit,
        )

    def _item(self, delivery: Delivery) -> Item:
        return {
            **records.attributes(delivery, retention_days=self.retention_days),
            **codec.key(
                {
                    "by_webhook_pk": keys.by_webhook(delivery.tenant, delivery.webhook_id),
                    "by_tenant_pk": delivery.tenant,
                }
            ),
            "next_attempt": codec.scalar(delivery.next_attempt),
        }
