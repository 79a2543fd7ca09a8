"""Make few large files of the lake's many small ones, once a day."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.warehouse import compaction
from runtime.core.warehouse.compaction import Merge, Stored
from runtime.core.warehouse.plan import Lease
from runtime.errors import Transient
from runtime.usecases.ports import SyncLeases


class Files(Protocol):
    """The lake's files."""

    def tenants(self) -> Sequence[str]:
        """The ids of all tenants that have a lake, in order."""

    def syncs(self, tenant: str) -> Sequence[str]:
        """The ids of the tenant's syncs that have files, in order."""

    def files(self, tenant: str, sync_id: str) -> Iterable[Stored]:
        """The files of a sync."""

    def settle(self, tenant: str, sync_id: str) -> None:
        """Bring a merge to its end that somebody was killed in."""

    def merge(self, merge: Merge, *, tenant: str, sync_id: str) -> None:
        """Make one file of several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """What a day's compaction has come to."""

    files_before: int = 0  # that became others
    files_after: int = 0  # what they became
    syncs_left: int = 0  # that loaded meanwhile, or for which there was no time: the next day's


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactLake:
    """Compacts the lakes of all syncs, each under its lease; a sync that loads is left alone."""

    files: Files
    leases: SyncLeases
    clock: Callable[[], datetime]
    budget_s: float  # after which no further merge is begun
    lease_ms: int  # longer than this process lives

    def __call__(self, before: str | None = None) -> Compacted:
        """Compact what arrived before a day (YYYY-MM-DD); before today when None is given.

        Raises:
            Transient: AWS failed; what was merged stays merged.
        """
        start = self.clock()
        day = before or f"{start:%Y-%m-%d}"
        syncs = [
            (tenant, sync_id)
            for tenant in self.files.tenants()
            for sync_id in self.files.syncs(tenant)
        ]
        # Each day begins with another sync, so that none always comes too late.
        turn = start.toordinal() % len(syncs) if syncs else 0
        done = Compacted()
        for tenant, sync_id in (*syncs[turn:], *syncs[:turn]):
            done = self._compacted(tenant, sync_id, before=day, start=start, done=done)
        return done

    def _compacted(
        self, tenant: str, sync_id: str, *, before: str, start: datetime, done: Compacted
    ) -> Compacted:
        left = Compacted(
            files_before=done.files_before,
            files_after=done.files_after,
            syncs_left=done.syncs_left + 1,
        )
        if self._is_late(start):
            return left
        try:
            now_ms = int(self.clock().timestamp() * 1000)
            lease = self.leases.acquire(tenant, sync_id, now_ms=now_ms, lease_ms=self.lease_ms)
        except Transient as problem:
            if problem.code != "sync_busy":
                raise
            return left
        try:
            return self._merged(lease, before=before, start=start, done=done)
        finally:
            self.leases.release(lease)

    def _merged(self, lease: Lease, *, before: str, start: datetime, done: Compacted) -> Compacted:
        tenant, sync_id = lease.tenant, lease.sync_id
        self.files.settle(tenant, sync_id)
        merges = compaction.merges(
            self.files.files(tenant, sync_id),
            before=before,
            except_loads=() if lease.load is None else (lease.load.load_id,),
        )
        files_before = files_after = 0
        for merge in merges:
            if self._is_late(start):
                break
            self.files.merge(merge, tenant=tenant, sync_id=sync_id)
            files_before += len(merge.inputs)
            files_after += 1
        return Compacted(
            files_before=done.files_before + files_before,
            files_after=done.files_after + files_after,
            syncs_left=done.syncs_left + (files_after < len(merges)),
        )

    def _is_late(self, start: datetime) -> bool:
        return (self.clock() - start).total_seconds() >= self.budget_s
