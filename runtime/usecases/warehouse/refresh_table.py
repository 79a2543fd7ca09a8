"""Make the rows of one table of a warehouse anew from the sync's lake, a load at a time.

The rows replace those with the same keys in the transaction of a load, so the table is never empty
meanwhile, and people who were erased stay out of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.timestamps import timestamp
from runtime.core.warehouse import plan, refresh
from runtime.core.warehouse.plan import Lease, Load, LoadState
from runtime.core.warehouse.refresh import LakeFile, Refresh
from runtime.core.warehouse.sync import DestinationKind, Sync
from runtime.errors import PenstockError
from runtime.usecases.warehouse import load_staged, sync_warehouse
from runtime.usecases.warehouse.destination import OpenLoad
from runtime.usecases.warehouse.load_staged import LoadStaged, Warehouse


class Lakes(Protocol):
    """The lakes of all syncs."""

    def stored(self, tenant: str, sync_id: str, table: str) -> Sequence[LakeFile]:
        """The files that make a table of a sync, and those that follow it, anew."""

    def files_of(self, inputs: Sequence[LakeFile], /) -> load_staged.Files:
        """What makes the files of a load of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTable:
    """Refreshes tables. One planner at a time makes the loads of one refresh."""

    syncs: sync_warehouse.Syncs
    lakes: Lakes
    ledger: sync_warehouse.Ledger
    # What reaches the warehouse of a sync, for each kind that has tables.
    warehouses: Mapping[DestinationKind, Callable[[Sync], Warehouse]]
    loaded: Callable[[Load], None]  # records one load, as far as it came
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, sync_id: str, anew: Refresh, /) -> tuple[Load, ...]:
        """Do one load; returns it, or none when the sync is paused, or at the end of the refresh.

        Raises:
            NotFound: the tenant has no such sync.
            Transient: another planner has the refresh (code `sync_busy`), or a step failed.
            BadInput: a step refused the sync's settings.
        """
        sync = self.syncs.get(tenant, sync_id)
        lease = self.ledger.acquire(
            tenant,
            sync_id,
            now_ms=int(self.clock().timestamp() * 1000),
            lease_ms=sync_warehouse.LEASE_MS,
            job_id=anew.job_id,
        )
        try:
            load = self._load(sync, lease, anew) if sync.enabled else None
            return () if load is None else (load,)
        finally:
            self.ledger.release(lease)

    def _load(self, sync: Sync, lease: Lease, anew: Refresh) -> Load | None:
        inputs, last = self._inputs(lease, anew)
        if not inputs and lease.load is None:
            self.ledger.advance(lease, seq=last)
            return None
        warehouse = self.warehouses[sync.kind](sync)
        versions = plan.versions(warehouse.versions, anew.selection(sync.selection))
        fresh = refresh.planned(sync, anew, inputs, versions=versions, now=self._now())
        opened = OpenLoad(ledger=self.ledger, lease=lease, record=lease.load or fresh)
        target = self._target(inputs, warehouse)
        if lease.load is None:
            opened.save(fresh)
        else:
            opened.go_on(
                fresh.load_id,
                versions=versions,
                selection=fresh.selection,
                target=target,
                at=self._now(),
            )
        left = opened.record
        if left.state is LoadState.COMMITTED or left.load_id != fresh.load_id:
            target = self._target((), warehouse)  # it is with the warehouse as it was
        return self._carried_on(sync, opened, target)

    def _inputs(self, lease: Lease, anew: Refresh) -> tuple[Sequence[LakeFile], int]:
        """The files of the open load, or of the next one; and the number of the last day."""
        stored = self.lakes.stored(lease.tenant, lease.sync_id, anew.table)
        last, left = refresh.day_number(anew.last_day), lease.load
        if left is not None:
            return refresh.of_days(stored, first=left.first_seq, last=left.last_seq), last
        return refresh.next_files(stored, after=lease.seq or 0, last=last), last

    def _target(self, inputs: Sequence[LakeFile], warehouse: Warehouse) -> LoadStaged:
        files = self.lakes.files_of(inputs)
        return LoadStaged(files=files, warehouse=warehouse, clock=self.clock)

    def _carried_on(self, sync: Sync, opened: OpenLoad, target: LoadStaged) -> Load:
        try:
            target(sync, opened, ())
        except PenstockError as problem:
            opened.note(problem, at=self._now())
            raise
        self.loaded(opened.record)
        return opened.record

    def _now(self) -> str:
        return timestamp(self.clock())
