"""Stores syncs: their destinations and whether they run. The ledger stores what was loaded."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runtime.core.page import Page
from runtime.core.warehouse.sync import Sync
from runtime.stores.tables import codec, keys
from runtime.stores.tables.codec import Item
from runtime.stores.tables.config import Config, prefix_query
from runtime.stores.warehouse import items


@dataclass(frozen=True, slots=True, kw_only=True)
class Syncs:
    """Syncs by tenant and id."""

    config: Config

    def add(self, sync: Sync) -> None:
        """Store a new sync.

        Raises:
            Conflict: code `sync_exists`.
        """
        self.config.add(sync.tenant, _item(sync), what="sync")

    def get(self, tenant: str, sync_id: str) -> Sync:
        """One sync, strongly read.

        Raises:
            NotFound: code `sync_not_found`.
        """
        return items.sync(self.config.get(tenant, keys.sync(sync_id), what="sync"))

    def replace(self, old: Sync, new: Sync) -> bool:
        """Store `new` in the place of `old`; False if somebody else has changed it meanwhile."""
        return self.config.replace(old.tenant, _item(old), _item(new))

    def find(self, tenant: str, sync_id: str) -> Sync | None:
        """One sync, strongly read, or None."""
        item = self.config.find(tenant, keys.sync(sync_id))
        return None if item is None else items.sync(item)

    def delete(self, old: Sync, *also: Any) -> bool:
        """Delete a sync together with the writes that belong to it.

        Returns whether it was done: it is not if somebody else has changed the sync since it was
        read, or the condition of another write does not hold.
        """
        return self.config.remove(old.tenant, _item(old), *also)

    def list(self, tenant: str, *, after: str | None = None, limit: int = 50) -> Page[Sync]:
        """A tenant's syncs, by id."""
        return self.config.page(tenant, keys.sync, items.sync, after=after, limit=limit)

    def all(self) -> Iterator[Sync]:
        """Every tenant's syncs."""
        tenants = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": codec.key({":pk": keys.TENANTS}),
        }
        for tenant in self.config.table.query(tenants):
            for item in self.config.table.query(prefix_query(tenant["sk"]["S"], keys.sync(""))):
                yield items.sync(item)

    def enabled(self) -> Iterator[Sync]:
        """Every tenant's enabled syncs, which the planner goes through."""
        return (sync for sync in self.all() if sync.enabled)


def _item(sync: Sync) -> Item:
    return {**items.sync_item(sync), "sk": {"S": keys.sync(sync.id)}}
