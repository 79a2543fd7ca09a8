"""Start the full refresh of every warehouse of an installation, or of one tenant."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from runtime.core.jobs.job import Job
from runtime.core.warehouse import refresh
from runtime.core.warehouse.sync import Sync
from runtime.usecases.warehouse.start_refresh import StartRefresh


class Syncs(Protocol):
    """Stores syncs."""

    def all(self) -> Iterator[Sync]:
        """Those of all tenants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshAll:
    """Starts refreshes of all tables."""

    syncs: Syncs
    start: StartRefresh

    def __call__(self, *, tenant: str | None) -> Iterator[Job]:
        """Start a job for each table of each sync, and give each as soon as it is stored.

        Syncs without tables of a warehouse are passed over. Whoever is killed leaves the rest out;
        called again, it starts all of them once more, which makes the same rows.

        Args:
            tenant: whose; None for all.
        """
        for sync in self.syncs.all():
            if tenant is None or sync.tenant == tenant:
                for table in refresh.tables_of(sync):
                    yield self.start(sync.tenant, sync.id, table=table)
