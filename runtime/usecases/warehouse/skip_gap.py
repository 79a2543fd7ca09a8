"""Let a sync go on behind a gap, without the rows that are gone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from runtime.core.timestamps import timestamp
from runtime.core.warehouse.gap import Skipped
from runtime.core.warehouse.health import Health
from runtime.core.warehouse.plan import Lease, Load, LoadState
from runtime.core.warehouse.progress import Progress
from runtime.core.warehouse.sync import Sync
from runtime.errors import Conflict, Transient

LEASE_MS: Final = 60_000  # of the few writes here


class Syncs(Protocol):
    """Stores syncs."""

    def get(self, tenant: str, sync_id: str) -> Sync:
        """One sync.

        Raises:
            NotFound: the tenant has no such sync.
        """


class Ledger(Protocol):
    """Stores how far a sync has come."""

    def acquire(self, tenant: str, sync_id: str, *, now_ms: int, lease_ms: int) -> Lease:
        """Become the one planner of a sync.

        Raises:
            Transient: code `sync_busy`: another planner has the lease.
        """

    def release(self, lease: Lease) -> None:
        """Give the lease back, so that another planner can have it."""

    def progress(self, tenant: str, sync_id: str) -> Progress:
        """How far the sync has come, read now."""

    def skip(
        self, lease: Lease, *, skipped: Sequence[Skipped], health: Health, given_up: Load | None
    ) -> None:
        """Let the sync go on behind gaps; the load that was open ends with this record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipGap:
    """Skips gaps. Nothing else does, so no row is missed that nobody knows of."""

    syncs: Syncs
    ledger: Ledger
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, sync_id: str, *, first_seq: int) -> Sync:
        """Skip the gap that begins at this arrival number; returns the sync.

        The next load takes what is behind the gap, and what was not loaded before it.

        Raises:
            NotFound: the tenant has no such sync.
            Conflict: code `no_such_gap`: the sync does not stand before this gap; or `sync_busy`:
                it runs at the moment.
        """
        sync = self.syncs.get(tenant, sync_id)
        now_ms = round(self.clock().timestamp() * 1000)
        try:
            lease = self.ledger.acquire(tenant, sync_id, now_ms=now_ms, lease_ms=LEASE_MS)
        except Transient as problem:
            if problem.code != "sync_busy":
                raise
            raise Conflict(
                "the sync runs at the moment; try again when it has ended", code="sync_busy"
            ) from problem
        try:
            self._skip(lease, first_seq=first_seq)
        finally:
            self.ledger.release(lease)
        return sync

    def _skip(self, lease: Lease, *, first_seq: int) -> None:
        progress, at = self.ledger.progress(lease.tenant, lease.sync_id), timestamp(self.clock())
        gap = progress.health.gap
        if gap is None or gap.first_seq != first_seq:
            raise Conflict(
                f"the sync does not stand before a gap that begins at {first_seq}; look at the sync"
                " again",
                code="no_such_gap",
            )
        self.ledger.skip(
            lease,
            skipped=(*progress.skipped, Skipped(gap=gap, at=at)),
            health=replace(progress.health, gap=None),
            given_up=None if lease.load is None else _given_up(lease.load, at=at),
        )


def _given_up(load: Load, *, at: str) -> Load:
    ended = replace(load, state=LoadState.FAILED)
    return ended.with_error("its raw batches are gone, and were skipped", code="skipped", at=at)
