"""Take a person's rows out of the files of many people: the raw log, discards and the lake.

Each is gone through in pages, and each page may be done again: what is gone is not found twice. The
raw log goes first. A load that begins behind that has no row of the person; one that began before
holds its sync's lease, without which nobody touches the sync's files.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from runtime.core.archive import people
from runtime.core.archive.raw_log import RawBatch
from runtime.core.ids import Key
from runtime.core.jobs.job import Fault
from runtime.core.timestamps import timestamp
from runtime.core.warehouse.plan import Lease
from runtime.errors import Permanent, Transient
from runtime.usecases.ports import SyncLeases

LOOKED_AT: Final = 5000  # batches, or files, in one page
REWRITTEN: Final = 20  # of them in one page: each takes seconds at most
LEASE_MS: Final = 5 * 60 * 1000  # longer than a page takes; the sync loads nothing meanwhile
BUSY_S: Final = 60  # until the next try at a sync that loads


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesPage:
    """What a page has come to."""

    files: int = 0  # how many had a row of the person
    rows: int = 0  # how many rows of the person there were
    after: str | None = None  # where the next page begins; None when this was the last
    wait_s: int = 0  # how long it has to wait before it begins
    # The files of syncs that we may not reach, each with what its owner has to do.
    faults: tuple[Fault, ...] = ()


class RawLog(Protocol):
    """Numbered batches."""

    def since(self, seq: int) -> Iterable[RawBatch]:
        """The batches after the one with this arrival number, in order."""

    def last_before(self, moment: str) -> int:
        """The number of the last batch that arrived before a moment; 0 if none did."""

    def take_out(self, seq: int, erased: Collection[Key], *, kept_since: str) -> int:
        """Take the rows of these people out of a batch; returns how many there were.

        Of one that arrived before `kept_since` all rows are taken out.
        """


class Discards(Protocol):
    """The rows that warehouses could not hold whole, a file a load."""

    def files(self, tenant: str, *, after: str = "") -> Iterable[str]:
        """The keys of the tenant's files that sort behind `after`, in order."""

    def take_out(self, key: str, erased: Collection[Key]) -> int:
        """Take the rows of these people out of a file; returns how many there were."""


class SyncFiles(Protocol):
    """The Parquet files of one sync."""

    def keys(self, *, after: str) -> Iterable[str]:
        """The keys of the files that sort behind `after`, in order."""

    def may_hold(self, key: str, erased: Collection[Key]) -> bool:
        """Whether rows of one of these people may be in a file."""

    def take_out(self, key: str, erased: Collection[Key]) -> int:
        """Take the rows of these people out of a file; returns how many there were.

        Nobody else may change the sync's files meanwhile: the caller has its lease.
        """


class Lake(Protocol):
    """The Parquet files of syncs: in our lake, or in buckets of tenants' own."""

    def syncs(self, tenant: str) -> Sequence[str]:
        """The ids of the tenant's syncs that have files, in order."""

    def of(self, tenant: str, sync_id: str) -> SyncFiles:
        """The files of one sync."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseRawLog:
    """Takes people out of the raw log."""

    raw_log: RawLog
    clock: Callable[[], datetime]
    kept: timedelta  # how long the bucket keeps a batch, counted from when it was last replaced

    def __call__(self, tenant: str, profile_ids: Collection[str], *, after: str) -> FilesPage:
        """Do the page that begins behind a batch's number.

        Args:
            tenant: whose people they are.
            profile_ids: the ids by which rows name the person.
            after: where the page before ended; empty at the beginning.
        """
        erased = _keys(tenant, profile_ids)
        page = _Page()
        now = self.clock()
        kept_since = timestamp(now - self.kept)
        start = int(after) if after else self.raw_log.last_before(timestamp(now - 2 * self.kept))
        for batch in self.raw_log.since(start):
            removed: int | None = None
            if tenant in batch.counts and people.may_hold(batch.people, erased):
                removed = self.raw_log.take_out(batch.seq, erased, kept_since=kept_since)
            page.count(str(batch.seq), removed)
            if page.is_full:
                return page.ended(more=True)
        return page.ended(more=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseDiscards:
    """Takes people out of the discards of loads."""

    discards: Discards

    def __call__(self, tenant: str, profile_ids: Collection[str], *, after: str) -> FilesPage:
        """Do the page that begins behind a file's key; the arguments are those of the raw log."""
        erased = _keys(tenant, profile_ids)
        page = _Page()
        for key in self.discards.files(tenant, after=after):
            page.count(key, self.discards.take_out(key, erased))
            if page.is_full:
                return page.ended(more=True)
        return page.ended(more=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseLake:
    """Takes people out of the files of syncs, one sync after another, each under its lease.

    A sync whose files we may not reach keeps nobody from those of the others.
    """

    lake: Lake
    leases: SyncLeases
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, profile_ids: Collection[str], *, after: str) -> FilesPage:
        """Do the page that begins behind a file of a sync; it waits while the sync loads.

        Args:
            tenant: whose people they are.
            profile_ids: the ids by which rows name the person.
            after: a sync and the key of its last file that was looked at; empty at the beginning.
        """
        current, _, key = after.partition(" ")
        syncs = [sync_id for sync_id in self.lake.syncs(tenant) if sync_id >= current]
        if not syncs:
            return FilesPage()
        sync_id, *others = syncs
        key = key if sync_id == current else ""
        try:
            lease = self.leases.acquire(tenant, sync_id, now_ms=self._now_ms(), lease_ms=LEASE_MS)
        except Transient as problem:
            if problem.code != "sync_busy":
                raise
            return FilesPage(after=f"{sync_id} {key}", wait_s=BUSY_S)
        page, faults = _Page(), tuple[Fault, ...]()
        try:
            self._go_through(lease, _keys(tenant, profile_ids), page, after=key)
        except Permanent as problem:
            faults = (Fault(subject=sync_id, code=problem.code, message=problem.message),)
        finally:
            self.leases.release(lease)
        if page.is_full and not faults:
            return page.ended(more=True, prefix=f"{sync_id} ")
        following = f"{others[0]} " if others else None
        return FilesPage(files=page.files, rows=page.rows, after=following, faults=faults)

    def _go_through(
        self, lease: Lease, erased: Collection[Key], page: "_Page", *, after: str
    ) -> None:
        files = self.lake.of(lease.tenant, lease.sync_id)
        for key in files.keys(after=after):
            wanted = files.may_hold(key, erased)
            page.count(key, files.take_out(key, erased) if wanted else None)
            if page.is_full:
                return

    def _now_ms(self) -> int:
        return int(self.clock().timestamp() * 1000)


@dataclass
class _Page:
    """A page as it is being done."""

    files: int = 0
    rows: int = 0
    looked_at: int = 0
    opened: int = 0  # whether they had a row of the person or not
    last: str = ""

    def count(self, name: str, removed: int | None) -> None:
        """Count a batch or file: None was removed from it if it was not even opened."""
        self.looked_at += 1
        self.opened += removed is not None
        self.files += bool(removed)
        self.rows += removed or 0
        self.last = name

    @property
    def is_full(self) -> bool:
        """Whether the next page goes on."""
        return self.looked_at >= LOOKED_AT or self.opened >= REWRITTEN

    def ended(self, *, more: bool, prefix: str = "") -> FilesPage:
        """The page as it ended."""
        after = f"{prefix}{self.last}" if more else None
        return FilesPage(files=self.files, rows=self.rows, after=after)


def _keys(tenant: str, profile_ids: Collection[str]) -> frozenset[Key]:
    return frozenset(Key(tenant, profile_id) for profile_id in profile_ids)
