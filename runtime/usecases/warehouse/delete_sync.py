"""Delete a sync. What it has loaded stays where it is, and so do the records of its loads."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from runtime.core.preconditions import ANY, IfMatch
from runtime.core.warehouse.sync import Sync
from runtime.errors import Conflict, Transient
from runtime.races import Races


class Syncs(Protocol):
    """Stores syncs."""

    def get(self, tenant: str, sync_id: str) -> Sync:
        """One sync.

        Raises:
            NotFound: the tenant has no such sync.
        """

    def delete(self, old: Sync, *also: Any) -> bool:
        """Delete the sync if it still is `old` and the conditions in `also` hold; else False."""


class Ledger(Protocol):
    """Stores loads, and who makes them."""

    def is_open(self, tenant: str, sync_id: str, *, now_ms: int) -> bool:
        """Whether a planner has the sync, or an earlier one has left a load open."""

    def closed(self, tenant: str, sync_id: str, *, now_ms: int) -> Any:
        """The condition that `is_open` is not so, to delete under."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteSync:
    """Deletes syncs."""

    syncs: Syncs
    ledger: Ledger
    clock: Callable[[], datetime]
    races: Races = field(default_factory=Races)

    def __call__(self, tenant: str, sync_id: str, *, force: bool, if_match: IfMatch = ANY) -> None:
        """Delete the sync, so that no load of it begins any more.

        One transaction deletes it and makes sure that no load is open. A planner that comes later
        finds no sync. By force it is deleted all the same: a load that runs then goes on, and if
        it is interrupted, nobody continues it.

        Raises:
            NotFound: the tenant has no such sync.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: code `load_open`: a load runs, or an earlier one was interrupted.
            Transient: code `sync_changed`: others keep changing it.
        """
        for _ in self.races:
            old = self.syncs.get(tenant, sync_id)
            if_match.check(old.etag)
            now_ms = round(self.clock().timestamp() * 1000)
            if not force and self.ledger.is_open(tenant, sync_id, now_ms=now_ms):
                raise Conflict(
                    "a load of this sync is not finished; wait for it, or run the sync until it"
                    " is, or delete by force and leave the load as it is",
                    code="load_open",
                )
            closed = () if force else (self.ledger.closed(tenant, sync_id, now_ms=now_ms),)
            if self.syncs.delete(old, *closed):
                return
        raise Transient("the sync keeps changing; try again", code="sync_changed")
