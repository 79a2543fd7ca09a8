"""Decides whether a sync is run once more before its next slot, and when.

What the warehouse or the platform may get over by itself is tried again soon, then later and later.
What a person has to mend first, such as a missing permission, waits for the next slot, because a
try costs the tenant a wake of the warehouse. So does what has been followed up too often.
"""

from typing import Final

from runtime.core.warehouse.messages import API, SyncMessage
from runtime.core.warehouse.plan import Load, LoadState
from runtime.errors import PenstockError, Permanent

# AWS stops a function that sends to its own queue after about 16 rounds in a row.
MAX_FOLLOW_UPS: Final = 12
FIRST_PAUSE_S: Final = 60  # a lock or a resize of a warehouse is often over by then
MAX_PAUSE_S: Final = 900  # the longest delay of a queue
# Of the errors with which a load has failed for certain. All others wait for the next slot.
_PASSING: Final = frozenset({"busy", "lost", "missing_table", "unknown"})


def after_load(message: SyncMessage, load: Load, *, has_more: bool) -> int | None:
    """The delay of the next message after the last load of a run; None for no message.

    Args:
        message: what the run was asked by.
        load: the last one of the run.
        has_more: whether the run ended because its time was over.

    Returns:
        Seconds.
    """
    match load.state:
        case LoadState.LOADED:
            return _sent(message, 0) if has_more else None
        case LoadState.FAILED:
            return _pause(message) if load.error_code in _PASSING else None
        case LoadState.PLANNED | LoadState.STAGED | LoadState.SUBMITTED | LoadState.COMMITTED:
            return _pause(message)  # its statement runs, and the event of its end may be lost


def after_error(message: SyncMessage, problem: PenstockError) -> int | None:
    """The delay of the next message after a run that an error ended, in seconds; None for none."""
    if problem.code == "lease_lost" and message.trigger != API:
        # Whoever has the lease now loads; if he is killed, the queue gives his message again. Not
        # so for `sync_busy`: an erasure or the compaction may have the lease, which load nothing.
        return None
    return None if isinstance(problem, Permanent) else _pause(message)


def _pause(message: SyncMessage) -> int | None:
    return _sent(message, min(FIRST_PAUSE_S << message.follow_up, MAX_PAUSE_S))


def _sent(message: SyncMessage, delay_s: int) -> int | None:
    return delay_s if message.follow_up < MAX_FOLLOW_UPS else None
