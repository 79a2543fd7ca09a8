"""Delete a person's rows from every warehouse that a tenant's syncs load."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from runtime.core.page import Page, every
from runtime.core.warehouse.sync import DestinationKind, Sync
from runtime.errors import Conflict


class Syncs(Protocol):
    """Stores syncs."""

    def list(self, tenant: str, /, *, after: str | None = None, limit: int = 50) -> Page[Sync]:
        """A tenant's syncs, by id."""


class Warehouse(Protocol):
    """One vendor's warehouse."""

    def erase(
        self, sync: Sync, profile_ids: Sequence[str], /, *, request_id: str, erased_at: str
    ) -> Mapping[str, int]:
        """Delete the rows of these profiles from a sync's schema, and keep them out for ever.

        Returns how many rows the request has removed from each table, however often it was made.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseRows:
    """Erases rows; a paused sync has some, too."""

    syncs: Syncs
    warehouses: Mapping[DestinationKind, Warehouse]  # of the kinds that have tables

    def erase(
        self, tenant: str, profile_ids: Sequence[str], /, *, request_id: str, now: str
    ) -> Mapping[str, int]:
        """Delete the rows of these profiles; returns what came of it, as a job counts it.

        For each vendor that is in how many schemas, and how many rows of each table.

        Raises:
            Transient: a warehouse did not do it; erase the same again.
        """
        counts = Counter[str]()
        for sync in every(lambda after: self.syncs.list(tenant, after=after)):
            if sync.kind.has_tables:
                removed = self._erased(sync, profile_ids, request_id=request_id, erased_at=now)
                counts[f"{sync.kind}_schemas"] += removed is not None
                for table, rows in (removed or {}).items():
                    counts[f"{sync.kind}_{table}_rows"] += rows
        return counts

    def _erased(
        self, sync: Sync, profile_ids: Sequence[str], *, request_id: str, erased_at: str
    ) -> Mapping[str, int] | None:
        warehouse = self.warehouses[sync.kind]
        try:
            return warehouse.erase(sync, profile_ids, request_id=request_id, erased_at=erased_at)
        except Conflict as problem:
            if problem.code != "schema_taken":
                raise
            return None  # the schema is another tenant's, so the sync can never have loaded a row
