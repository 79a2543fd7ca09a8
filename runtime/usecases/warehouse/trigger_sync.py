"""Run a sync now instead of at its next hour."""

from dataclasses import dataclass
from typing import Protocol

from runtime.core.warehouse.sync import Sync
from runtime.errors import Conflict


class Syncs(Protocol):
    """Stores syncs."""

    def get(self, tenant: str, sync_id: str) -> Sync:
        """One sync.

        Raises:
            NotFound: the tenant has no such sync.
        """


class Starter(Protocol):
    """Starts the sync function, without waiting for it."""

    def start(self, tenant: str, sync_id: str, /) -> None:
        """Ask for one run of this sync."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSync:
    """Starts syncs."""

    syncs: Syncs
    starter: Starter

    def __call__(self, tenant: str, sync_id: str) -> Sync:
        """Start a run of the sync; returns the sync.

        Even two runs at the same time load every row once.

        Raises:
            NotFound: the tenant has no such sync.
            Conflict: code `sync_paused`.
        """
        sync = self.syncs.get(tenant, sync_id)
        if not sync.enabled:
            raise Conflict("this sync is paused; resume it first", code="sync_paused")
        self.starter.start(tenant, sync_id)
        return sync
