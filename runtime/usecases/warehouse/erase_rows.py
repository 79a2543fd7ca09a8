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
    ) -> None:
        """Delete the rows of these profiles from a sync's schema, and keep them out for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseRows:
    """Erases rows; a paused sync has some, too."""

    syncs: Syncs
    warehouses: Mapping[DestinationKind, Warehouse]  # of the kinds that have tables

    def erase(
        self, tenant: str, profile_ids: Sequence[str], /, *, request_id: str, now: str
    ) -> Mapping[str, int]:
        """Delete the rows of these profiles; returns in how many syncs' schemas, by vendor.

        Raises:
            Transient: a warehouse did not do it; erase the same again.
        """
        counts = Counter[str]()
        for sync in every(lambda after: self.syncs.list(tenant, after=after)):
            if sync.kind.has_tables:
                counts[sync.kind.value] += self._erased(
                    sync, profile_ids, request_id=request_id, erased_at=now
                )
        return counts

    def _erased(
        self, sync: Sync, profile_ids: Sequence[str], *, request_id: str, erased_at: str
    ) -> bool:
        warehouse = self.warehouses[sync.kind]
        try:
            warehouse.erase(sync, profile_ids, request_id=request_id, erased_at=erased_at)
        except Conflict as problem:
            if problem.code != "schema_taken":
                raise
            return False  # the schema is another tenant's, so the sync can never have loaded a row
        return True
