"""A gap: raw batches that are gone before a sync loaded them.

The raw log keeps its batches for some days. A sync that was paused or failed for longer misses the
oldest ones. It stops there until a person says that it is to go on, because rows that nobody can
load any more must not be missed in silence.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runtime.core.archive.raw_log import RawBatch
from runtime.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The batches with rows of one tenant that its sync cannot load any more."""

    first_seq: int  # arrival number of the first batch that is gone
    last_seq: int  # of the last one
    batches: int  # how many batches with rows of the tenant are gone
    rows: int  # of the tenant in them, with the copies that a load would have dropped
    arrived_from: str  # ISO 8601: when the first of them arrived
    arrived_until: str  # ISO 8601: when the last of them arrived

    def covers(self, seq: int) -> bool:
        """Whether an arrival number is in the gap."""
        return self.first_seq <= seq <= self.last_seq


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A gap that somebody has told the sync to go on behind."""

    gap: Gap
    at: str  # ISO 8601: when that was


class RawGap(BadInput):
    """Raw batches are gone that a sync has not loaded.

    Attributes:
        gap: which batches, and how many rows.
    """

    code = "raw_gap"

    def __init__(self, gap: Gap) -> None:
        super().__init__(
            f"{gap.rows} rows in {gap.batches} raw batches, which arrived from {gap.arrived_from}"
            f" to {gap.arrived_until}, are gone and cannot be loaded",
            code=self.code,
        )
        self.gap = gap


def first_of(
    batches: Sequence[RawBatch], *, tenant: str, holds: Callable[[RawBatch], bool]
) -> Gap | None:
    """The first gap among batches with rows of the tenant, in order; None if all are there.

    Args:
        batches: every one of them is looked at.
        tenant: whose rows are counted.
        holds: whether the object of a batch is there.
    """
    gone: list[RawBatch] = []
    for batch in batches:
        if not holds(batch):
            gone.append(batch)
        elif gone:
            break
    return _of(gone, tenant=tenant) if gone else None


def of_expired(
    batches: Sequence[RawBatch], *, tenant: str, holds: Callable[[RawBatch], bool]
) -> Gap | None:
    """The gap at the beginning of batches that may have expired; None if the first is there.

    Batches expire in order of arrival, so a few looks find the first one that is there among
    thousands that are not.
    """
    there = bisect_left(batches, x=True, key=holds)
    return _of(batches[:there], tenant=tenant) if there else None


def _of(batches: Sequence[RawBatch], *, tenant: str) -> Gap:
    """The gap that these batches leave; they have rows of the tenant, and stand in order."""
    first, last = batches[0], batches[-1]
    return Gap(
        first_seq=first.seq,
        last_seq=last.seq,
        batches=len(batches),
        rows=sum(batch.counts[tenant] for batch in batches),
        arrived_from=first.appended_at,
        arrived_until=last.appended_at,
    )
