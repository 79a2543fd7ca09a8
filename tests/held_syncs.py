"""Sync definitions, held in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from runtime.core.page import Page
from runtime.core.warehouse.sync import Sync
from runtime.errors import NotFound


@dataclass
class HeldSyncs:
    """Sync definitions, held in memory."""

    held: dict[tuple[str, str], Sync] = field(default_factory=dict)

    def add(self, sync: Sync) -> Sync:
        """Define a sync."""
        self.held[sync.tenant, sync.id] = sync
        return sync

    def enabled(self) -> Iterator[Sync]:
        """All that are not paused."""
        return iter([sync for sync in self.held.values() if sync.enabled])

    def find(self, tenant: str, sync_id: str) -> Sync | None:
        """One of them, or None."""
        return self.held.get((tenant, sync_id))

    def list(self, tenant: str, *, after: str | None = None, limit: int = 50) -> Page[Sync]:
        """Those of a tenant, by id, on one page."""
        listed = sorted(sync_id for of, sync_id in self.held if of == tenant)
        assert after is None
        assert len(listed) <= limit
        return Page(items=tuple(self.held[tenant, sync_id] for sync_id in listed))

    def get(self, tenant: str, sync_id: str) -> Sync:
        """One of them."""
        if (tenant, sync_id) not in self.held:
            raise NotFound("no such sync", code="sync_not_found")
        return self.held[tenant, sync_id]
