"""Checks syncs from outside: whether each is on time, and whether a load took all that it passed.

The function that loads cannot say that it does not run, nor that it has passed by a batch.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from runtime.core.archive.raw_log import RawBatch
from runtime.core.timestamps import moment
from runtime.core.warehouse.gap import Skipped
from runtime.core.warehouse.plan import Load, LoadState
from runtime.core.warehouse.progress import Progress
from runtime.core.warehouse.sync import Sync


def missed(
    batches: Iterable[RawBatch], *, tenant: str, loads: Sequence[Load], skipped: Sequence[Skipped]
) -> list[RawBatch]:
    """The batches with rows of the tenant that no load has taken and nobody has skipped.

    Args:
        batches: all of them behind the sync's cursor.
        tenant: whose rows count.
        loads: of the sync; those that are not loaded have taken nothing.
        skipped: the gaps that the sync has gone on behind.
    """
    taken = [(load.first_seq, load.last_seq) for load in loads if load.state is LoadState.LOADED]
    taken += [(each.gap.first_seq, each.gap.last_seq) for each in skipped]
    return [
        batch
        for batch in batches
        if batch.counts.get(tenant) and not any(first <= batch.seq <= last for first, last in taken)
    ]


def overdue_s(sync: Sync, progress: Progress, *, now: datetime) -> int:
    """For how many seconds all should have been loaded once more; 0 for a sync that is on time.

    One that is run by hand alone is always on time.
    """
    due = sync.schedule.next_slot(moment(progress.loaded_until or sync.created_at))
    return 0 if due is None else max(0, round((now - due).total_seconds()))
