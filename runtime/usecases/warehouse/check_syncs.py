"""Check every enabled sync: is it on time, and did its loads take every row that they passed?"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from runtime.core.archive.raw_log import RawBatch
from runtime.core.page import Page
from runtime.core.warehouse import checking
from runtime.core.warehouse.plan import Load
from runtime.core.warehouse.progress import Progress
from runtime.core.warehouse.sync import Sync
from runtime.errors import Transient

BLOCK: Final = 500  # batches that are read at once, for all syncs that have come as far
MAX_BLOCKS: Final = 40  # of one sync in one check; the next check goes on there


class Syncs(Protocol):
    """Stores syncs."""

    def enabled(self) -> Iterator[Sync]:
        """Every tenant's enabled syncs."""


class RawLog(Protocol):
    """Numbered, immutable batches."""

    def between(self, first: int, last: int) -> Iterable[RawBatch]:
        """The batches from arrival number `first` to `last`, both included."""


class Ledger(Protocol):
    """Stores how far syncs have come, and their loads."""

    def progress(self, tenant: str, sync_id: str) -> Progress:
        """How far the sync has come, read now."""

    def runs(
        self, tenant: str, sync_id: str, *, after: str | None = None, limit: int = 50
    ) -> Page[Load]:
        """A page of a sync's loads, the newest first."""

    def check_off(self, tenant: str, sync_id: str, *, seq: int) -> None:
        """Store that all batches up to this number were loaded or skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check has found."""

    syncs: int  # how many were checked
    rows_missed: int  # rows behind the cursors that no load has taken; there must be none
    overdue_s: int  # of the sync that is the furthest behind its schedule

    @property
    def measures(self) -> dict[str, int]:
        """What alarms read; nothing while all is well, because a metric costs by the hour."""
        both = {"rows_lost": self.rows_missed, "sync.overdue_s": self.overdue_s}
        return {name: number for name, number in both.items() if number}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSyncs:
    """Checks syncs."""

    syncs: Syncs
    raw_log: RawLog
    ledger: Ledger
    clock: Callable[[], datetime]
    journal: Callable[[Mapping[str, Any]], None]  # takes a line about each sync with trouble

    def __call__(self) -> Checked:
        """Check all of them, and measure what was found.

        What a sync was found to have missed is found again by each check, until it was loaded.

        Raises:
            Transient: some syncs could not be checked; all others were.
        """
        blocks = _Blocks(self.raw_log)
        results: list[tuple[int, int]] = []
        problems: list[Transient] = []
        for sync in self.syncs.enabled():
            try:
                results.append(self._check(sync, blocks))
            except Transient as problem:
                problems.append(problem)
        checked = Checked(
            syncs=len(results),
            rows_missed=sum(rows for rows, _ in results),
            overdue_s=max((late_s for _, late_s in results), default=0),
        )
        self.journal(
            {
                "message": "syncs.checked",
                "syncs": checked.syncs,
                "measures_of_all": checked.measures,
            }
        )
        if problems:
            raise problems[0]
        return checked

    def _check(self, sync: Sync, blocks: "_Blocks") -> tuple[int, int]:
        """The rows that a sync has missed, and for how many seconds it is overdue."""
        progress = self.ledger.progress(sync.tenant, sync.id)
        rows = self._rows_missed(sync, progress, blocks)
        late_s = checking.overdue_s(sync, progress, now=self.clock())
        if late_s:
            about = {"tenant": sync.tenant, "sync_id": sync.id}
            self.journal({"message": "sync.overdue", **about, "overdue_s": late_s})
        return rows, late_s

    def _rows_missed(self, sync: Sync, progress: Progress, blocks: "_Blocks") -> int:
        before, last = progress.checked_seq, progress.seq
        if before is None or last is None or last <= before:
            return 0
        last = min(last, before + BLOCK * MAX_BLOCKS)
        missed = checking.missed(
            blocks.between(before + 1, last),
            tenant=sync.tenant,
            loads=list(self._loads_behind(sync, before)),
            skipped=progress.skipped,
        )
        if not missed:
            self.ledger.check_off(sync.tenant, sync.id, seq=last)
            return 0
        rows = sum(batch.counts[sync.tenant] for batch in missed)
        self.journal(
            {
                "message": "sync.missed",
                "tenant": sync.tenant,
                "sync_id": sync.id,
                "first_seq": missed[0].seq,
                "last_seq": missed[-1].seq,
                "rows": rows,
            }
        )
        return rows

    def _loads_behind(self, sync: Sync, seq: int) -> Iterator[Load]:
        """The loads that may have taken batches behind this number, the newest first."""
        page: Page[Load] | None = None
        while page is None or (page.after is not None and not _reaches(page, seq)):
            after = None if page is None else page.after
            page = self.ledger.runs(sync.tenant, sync.id, after=after)
            yield from (load for load in page.items if load.is_of_batches)


def _reaches(page: Page[Load], seq: int) -> bool:
    """Whether a page of loads, the newest first, goes back to those that took this batch.

    Only loads that move the sync on stand in the order of their batches. A page is looked at as a
    whole, because the clocks of two planners may differ a little.
    """
    return any(load.arrived_until is not None and load.last_seq <= seq for load in page.items)


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Reads the raw log in blocks, each once for all syncs."""

    raw_log: RawLog
    _read: dict[int, tuple[RawBatch, ...]] = field(default_factory=dict)

    def between(self, first: int, last: int) -> Iterator[RawBatch]:
        """The batches from `first` to `last`, both included."""
        for block in range(first // BLOCK, last // BLOCK + 1):
            if block not in self._read:
                if len(self._read) >= MAX_BLOCKS:
                    self._read.clear()
                start = block * BLOCK
                self._read[block] = tuple(self.raw_log.between(start, start + BLOCK - 1))
            yield from (batch for batch in self._read[block] if first <= batch.seq <= last)
