"""Ask for the next load of a job beside a sync, and give up when none ends.

The loads are made by whoever makes all loads. One is asked for when the one before has ended, and
jobs are looked at once a minute, so a job leaves the warehouse room for what is new.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from runtime.core.jobs import job as jobs
from runtime.core.jobs.job import Job
from runtime.core.timestamps import timestamp
from runtime.core.warehouse.messages import SyncMessage
from runtime.errors import Permanent
from runtime.usecases.ports import Hints

LOOK_MS: Final = 20_000  # the next call of the function of jobs takes it up
# After so many looks without progress the load is asked for again. One that fails comes again by a
# message of its own, but only so often; and a paused sync makes none.
PATIENCE_LOOKS: Final = 15
GIVE_UP_LOOKS: Final = 24 * 60  # without progress: a day


@dataclass(frozen=True, slots=True, kw_only=True)
class AskForLoads:
    """Takes jobs on whose loads somebody else makes."""

    queue: Hints[SyncMessage]
    clock: Callable[[], datetime]

    def __call__(self, job: Job, message: SyncMessage, *, passed: int, total: int) -> Job:
        """The job after a look at it; the next load is asked for when it is time.

        Args:
            job: as it was.
            message: what asks for its next load.
            passed: how much of it is loaded.
            total: how much there is to load, in the same unit.

        Raises:
            Permanent: code `backfill_stuck` or `refresh_stuck`: no load has ended for a day.
            Transient: do it again.
        """
        now, looks = self.clock(), int(job.cursor or 0)
        looks = 0 if passed > job.done else looks
        is_done = passed >= total
        if not is_done and looks >= GIVE_UP_LOOKS:
            raise Permanent(
                "no load of it has ended for a day: see why among the sync's loads with the trigger"
                f" {message.trigger}, or resume the sync; then ask for what is left",
                code=f"{message.trigger}_stuck",
            )
        if not is_done and looks % PATIENCE_LOOKS == 0:
            self.queue.send([message])
        after = jobs.advanced(
            replace(job, total=total),
            done=passed - job.done,
            counts={},
            cursor=None if is_done else str(looks + 1),
            now=timestamp(now),
        )
        due_at_ms = int(now.timestamp() * 1000) + LOOK_MS
        return after if is_done else replace(after, due_at_ms=due_at_ms)
