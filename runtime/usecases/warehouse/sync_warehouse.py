"""Load the rows that arrived since the last load into a sync's destination.

After a kill at any step, the next planner finds the open load and continues it.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from runtime.core.archive.raw_log import RawBatch
from runtime.core.timestamps import timestamp
from runtime.core.warehouse import backfill, plan
from runtime.core.warehouse import gap as gaps
from runtime.core.warehouse.backfill import Backfill
from runtime.core.warehouse.gap import RawGap
from runtime.core.warehouse.messages import STATEMENT
from runtime.core.warehouse.plan import Lease, Load, LoadState
from runtime.core.warehouse.sync import DestinationKind, Sync
from runtime.errors import PenstockError
from runtime.usecases.warehouse import destination
from runtime.usecases.warehouse.destination import Destination, OpenLoad

Loads = tuple[Load, ...]
LEASE_MS: Final = 16 * 60 * 1000  # longer than a Lambda lives, so its holder has ended by then
# Of one run. No load begins after it: a function lives 15 minutes, and other syncs wait.
BUDGET: Final = timedelta(minutes=5)


class Syncs(Protocol):
    """Stores syncs."""

    def get(self, tenant: str, sync_id: str) -> Sync:
        """One sync.

        Raises:
            NotFound: the tenant has no such sync.
        """

    def find(self, tenant: str, sync_id: str) -> Sync | None:
        """One sync, strongly read; None when it is not there any more."""


class RawLog(Protocol):
    """Numbered, immutable batches."""

    def last_before(self, moment: str) -> int:
        """The number of the last batch that arrived before a moment (ISO 8601); 0 if none did."""

    def holds(self, batch: RawBatch) -> bool:
        """Whether the object of a batch is there."""

    def since(self, seq: int) -> Iterable[RawBatch]:
        """The batches after the one with this arrival number, in order."""

    def between(self, first: int, last: int) -> Iterable[RawBatch]:
        """The batches from arrival number `first` to `last`, both included."""


class Ledger(destination.Ledger, Protocol):
    """Cursors, leases and load records; a write under a lost lease raises Transient."""

    def acquire(
        self, tenant: str, sync_id: str, *, now_ms: int, lease_ms: int, job_id: str = ""
    ) -> Lease:
        """Become the one planner of a sync, or of the backfill of this job.

        Raises:
            Transient: code `sync_busy`: another planner has the lease.
        """

    def release(self, lease: Lease) -> None:
        """Give the lease back, so that another planner can have it."""

    def advance(self, lease: Lease, *, seq: int, loaded_until: str | None = None) -> None:
        """Move the cursor to this batch without a load.

        Args:
            lease: of the planner.
            seq: the batch's arrival number.
            loaded_until: ISO 8601: all that had arrived by then is loaded; None says nothing.
        """


class Tend(Protocol):
    """Watches runs of syncs."""

    def __call__(self, sync: Sync, lease: Lease, run: Callable[[], Loads]) -> Loads:
        """Make a run and record how it ended; returns its loads, and raises what it raises."""

    def loaded(self, load: Load) -> None:
        """Record one load, as far as it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncWarehouse:
    """Runs syncs. One planner at a time makes a sync's loads, one after the other."""

    syncs: Syncs
    raw_log: RawLog
    ledger: Ledger
    destinations: Mapping[DestinationKind, Destination]  # one for each kind
    tend: Tend
    clock: Callable[[], datetime]
    raw_kept: timedelta  # so long at least the object of a raw batch can be read

    def sync_one(self, tenant: str, sync_id: str, *, trigger: str = "api") -> Loads:
        """Run one sync now; returns its loads: none when it is paused, or when nothing is new.

        After the end of a statement (`trigger` is `statement`) there is nothing to do unless a load
        is open; what then follows is recorded as asked for by whoever asked for that load.

        Raises:
            NotFound: the tenant has no such sync.
            Transient: another planner has the sync (code `sync_busy`), or a step failed.
            RawGap: raw batches are gone; nothing is loaded behind them until somebody says so.
            BadInput: a step refused the sync's settings.
        """
        sync = self.syncs.get(tenant, sync_id)
        lease = self._lease(sync)
        try:
            if not self._goes_on(sync) or (trigger == STATEMENT and lease.load is None):
                return ()  # it is paused; or somebody has looked before the event came
            stop_at = self.clock() + BUDGET
            return self.tend(
                sync, lease, lambda: self._loads(lease, trigger=trigger, stop_at=stop_at)
            )
        finally:
            self.ledger.release(lease)

    def backfill(self, tenant: str, sync_id: str, again: Backfill) -> Loads:
        """Do one load of a backfill; returns it, or none when the sync is paused, or at the end.

        Raises:
            As `sync_one`.
        """
        sync = self.syncs.get(tenant, sync_id)
        lease = self._lease(sync, job_id=again.job_id)
        try:
            if lease.seq is None:
                lease = replace(lease, seq=again.first_seq - 1)
            load = self._again(sync, lease, again) if sync.enabled else None
            return () if load is None else (load,)
        finally:
            self.ledger.release(lease)

    def _lease(self, sync: Sync, *, job_id: str = "") -> Lease:
        now_ms = int(self.clock().timestamp() * 1000)
        return self.ledger.acquire(
            sync.tenant, sync.id, now_ms=now_ms, lease_ms=LEASE_MS, job_id=job_id
        )

    def _again(self, sync: Sync, lease: Lease, again: Backfill) -> Load | None:
        batches = self.raw_log.between((lease.seq or 0) + 1, again.last_seq)
        load, chosen = self._next(sync, lease, trigger=backfill.TRIGGER, batches=batches)
        if not chosen:
            self.ledger.advance(lease, seq=again.last_seq)
            return None
        return self._carry_on(sync, lease, load=load, batches=chosen)

    def _goes_on(self, sync: Sync) -> bool:
        current = self.syncs.find(sync.tenant, sync.id)
        return current is not None and current.enabled

    def _loads(self, lease: Lease, *, trigger: str, stop_at: datetime) -> Loads:
        loads: list[Load] = []
        if trigger == STATEMENT and lease.load is not None:
            trigger = lease.load.trigger
        while not loads or self.clock() < stop_at:
            # Read under the lease and before each load: a sync is deleted only while nobody has
            # the lease, and a pause lets no further load begin.
            sync = self.syncs.find(lease.tenant, lease.sync_id)
            if sync is None or not sync.enabled:
                break
            lease = self._started(sync, lease)
            arrived = self.raw_log.since(lease.seq or 0)
            load, batches = self._next(sync, lease, trigger=trigger, batches=arrived)
            if not batches:
                self.ledger.advance(lease, seq=load.last_seq, loaded_until=load.arrived_until)
                break
            load = self._carry_on(sync, lease, load=load, batches=batches)
            if load.state is LoadState.PLANNED:  # again, without the rows that were refused
                lease = replace(lease, load=load)
                continue
            loads.append(load)
            if load.state is not LoadState.LOADED:
                break
            lease = replace(lease, seq=load.last_seq, load=None)
        return tuple(loads)

    def _started(self, sync: Sync, lease: Lease) -> Lease:
        """The lease with a place to begin, which the first planner of a sync chooses for good.

        It is the first batch that is kept for sure; or, if no planner has come for so long, the
        first one since the sync was made, so that what has expired meanwhile is missed.
        """
        if lease.seq is not None:
            return lease
        kept_since = timestamp(self.clock() - self.raw_kept)
        seq = self.raw_log.last_before(min(kept_since, sync.created_at))
        self.ledger.advance(lease, seq=seq)
        return replace(lease, seq=seq)

    def _next(
        self, sync: Sync, lease: Lease, *, trigger: str, batches: Iterable[RawBatch]
    ) -> tuple[Load, Sequence[RawBatch]]:
        """The open load, or the next one of these batches, and the batches that it takes."""
        open_load = lease.load
        if open_load is not None:
            taken = self._batches(open_load)
            self._find_gap(lease, taken)
            load = self._replanned(sync, lease, open_load=open_load, batches=taken)
            return load, taken
        versions = self._versions(sync)
        after, looked_at = lease.seq or 0, self._now()
        skipped = [each.gap for each in lease.skipped]
        choice = plan.choose(batches, tenant=sync.tenant, after=after, skipped=skipped)
        self._find_gap(lease, choice.batches)
        load = Load(
            tenant=sync.tenant,
            sync_id=sync.id,
            load_id=plan.load_id(sync, choice.batches, versions=versions, job_id=lease.job_id),
            trigger=trigger,
            first_seq=choice.first_seq,
            last_seq=choice.last_seq,
            state=LoadState.PLANNED,
            versions=versions,
            selection=sync.selection,
            started_at=self._now(),
            arrived_until=None if lease.job_id else choice.stopped_at or looked_at,
        )
        if choice.batches:
            self.ledger.save(lease, load)
        return load, choice.batches

    def _find_gap(self, lease: Lease, batches: Sequence[RawBatch]) -> None:
        """See that the batches of a load have not expired.

        Raises:
            RawGap: the first of them have. The gap has all that have, beyond this load, too.
        """
        kept_since = timestamp(self.clock() - self.raw_kept)
        if not batches or batches[0].appended_at >= kept_since or self.raw_log.holds(batches[0]):
            return
        older = itertools.takewhile(
            lambda batch: batch.appended_at < kept_since, self.raw_log.since(batches[0].seq - 1)
        )
        skipped = [each.gap for each in lease.skipped]
        expired = [
            batch
            for batch in older
            if lease.tenant in batch.counts and not any(gap.covers(batch.seq) for gap in skipped)
        ]
        found = gaps.of_expired(expired, tenant=lease.tenant, holds=self.raw_log.holds)
        if found is not None:
            raise RawGap(found)

    def _batches(self, load: Load) -> Sequence[RawBatch]:
        batches = self.raw_log.between(load.first_seq, load.last_seq)
        return [batch for batch in batches if load.tenant in batch.counts]

    def _replanned(
        self, sync: Sync, lease: Lease, *, open_load: Load, batches: Sequence[RawBatch]
    ) -> Load:
        """The open load, ready to go on.

        One of whose batches somebody was erased since is planned again, too.
        """
        versions, target = self._versions(sync), self.destinations[sync.kind]
        opened = OpenLoad(ledger=self.ledger, lease=lease, record=open_load)
        opened.go_on(
            plan.load_id(sync, batches, versions=versions, job_id=lease.job_id),
            versions=versions,
            selection=sync.selection,
            target=target,
            at=self._now(),
        )
        return opened.record

    def _carry_on(
        self, sync: Sync, lease: Lease, *, load: Load, batches: Sequence[RawBatch]
    ) -> Load:
        opened = OpenLoad(ledger=self.ledger, lease=lease, record=load)
        try:
            self.destinations[sync.kind](sync, opened, batches)
        except PenstockError as problem:
            known = self._known(problem, load.tenant, batches)
            opened.note(known, at=self._now())
            raise known from problem
        self.tend.loaded(opened.record)
        return opened.record

    def _versions(self, sync: Sync) -> str:
        return plan.versions(self.destinations[sync.kind].versions, sync.selection)

    def _known(
        self, problem: PenstockError, tenant: str, batches: Sequence[RawBatch]
    ) -> PenstockError:
        """The error; where a raw batch was not there, the gap that its absence makes."""
        if problem.code != "object_missing":
            return problem
        found = gaps.first_of(batches, tenant=tenant, holds=self.raw_log.holds)
        return problem if found is None else RawGap(found)

    def _now(self) -> str:
        return timestamp(self.clock())
