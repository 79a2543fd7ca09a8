"""Run a sync now instead of at its next slot."""

from dataclasses import dataclass
from typing import Protocol

from runtime.core.warehouse.messages import API, SyncMessage
from runtime.core.warehouse.sync import Sync
from runtime.errors import Conflict
from runtime.usecases.ports import Hints


class Syncs(Protocol):
    """Stores syncs."""

    def get(self, tenant: str, sync_id: str) -> Sync:
        """One sync.

        Raises:
            NotFound: the tenant has no such sync.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSync:
    """Asks for syncs to be run."""

    syncs: Syncs
    queue: Hints[SyncMessage]

    def __call__(self, tenant: str, sync_id: str) -> Sync:
        """Ask for a run of the sync; returns the sync.

        Even two runs at the same time load every row once.

        Raises:
            NotFound: the tenant has no such sync.
            Conflict: code `sync_paused`.
        """
        sync = self.syncs.get(tenant, sync_id)
        if not sync.enabled:
            raise Conflict("this sync is paused; resume it first", code="sync_paused")
        self.queue.send([SyncMessage(tenant=tenant, sync_id=sync_id, trigger=API)])
        return sync
