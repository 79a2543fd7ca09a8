"""Ask for the next load of a backfill, and see how far the backfill has come.

The loads are made by whoever makes all loads. One is asked for when the one before has ended, and
jobs are looked at once a minute, so a backfill leaves the warehouse room for what is new.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from runtime.core.jobs import job as jobs
from runtime.core.jobs.job import Job
from runtime.core.timestamps import timestamp
from runtime.core.warehouse import backfill
from runtime.core.warehouse.messages import SyncMessage
from runtime.core.warehouse.progress import Progress
from runtime.core.warehouse.sync import Sync
from runtime.errors import Permanent
from runtime.usecases.ports import Hints

LOOK_MS: Final = 20_000  # the next call of the function of jobs takes it up
# After so many looks without progress the load is asked for again. One that fails comes again by a
# message of its own, but only so often; and a paused sync makes none.
PATIENCE_LOOKS: Final = 15
GIVE_UP_LOOKS: Final = 24 * 60  # without progress: a day


class Syncs(Protocol):
    """Stores syncs."""

    def get(self, tenant: str, sync_id: str) -> Sync:
        """One sync.

        Raises:
            NotFound: the tenant has no such sync.
        """


class Ledger(Protocol):
    """Stores how far syncs have come."""

    def progress(self, tenant: str, sync_id: str, *, job_id: str = "") -> Progress:
        """How far a sync, or one of its backfills, has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillPage:
    """Does a page of a backfill. What it has done are raw batches, of all tenants."""

    syncs: Syncs
    ledger: Ledger
    queue: Hints[SyncMessage]
    clock: Callable[[], datetime]

    def __call__(self, job: Job) -> Job:
        """Look how far the job's loads have come, and ask for the next one.

        Raises:
            NotFound: the sync has been deleted.
            Permanent: code `backfill_stuck`: no load has ended for a day.
            Transient: do it again.
        """
        again, now = backfill.of_job(job), self.clock()
        sync = self.syncs.get(job.tenant, job.params["sync_id"])
        seq = self.ledger.progress(job.tenant, sync.id, job_id=job.id).seq
        passed, looks = again.passed(seq), int(job.cursor or 0)
        looks = 0 if passed > job.done else looks
        is_done = passed == again.batches
        if not is_done and looks >= GIVE_UP_LOOKS:
            raise Permanent(
                "no load of it has ended for a day: see why among the sync's loads with the trigger"
                " backfill, or resume the sync; then ask for what is left",
                code="backfill_stuck",
            )
        if not is_done and looks % PATIENCE_LOOKS == 0:
            self.queue.send(
                [
                    SyncMessage(
                        tenant=job.tenant,
                        sync_id=sync.id,
                        trigger=backfill.TRIGGER,
                        backfill=again,
                    )
                ]
            )
        after = jobs.advanced(
            job,
            done=passed - job.done,
            counts={},
            cursor=None if is_done else str(looks + 1),
            now=timestamp(now),
        )
        due_at_ms = int(now.timestamp() * 1000) + LOOK_MS
        return after if is_done else replace(after, due_at_ms=due_at_ms)
