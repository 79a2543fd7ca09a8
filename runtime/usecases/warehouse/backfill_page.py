"""Ask for the next load of a backfill, and see how far the backfill has come."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.jobs.job import Job
from runtime.core.warehouse import backfill
from runtime.core.warehouse.messages import SyncMessage
from runtime.core.warehouse.progress import Progress
from runtime.core.warehouse.sync import Sync
from runtime.usecases.ports import Hints
from runtime.usecases.warehouse.ask_for_loads import AskForLoads


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
        again = backfill.of_job(job)
        sync = self.syncs.get(job.tenant, job.params["sync_id"])
        seq = self.ledger.progress(job.tenant, sync.id, job_id=job.id).seq
        message = SyncMessage(
            tenant=job.tenant, sync_id=sync.id, trigger=backfill.TRIGGER, backfill=again
        )
        ask = AskForLoads(queue=self.queue, clock=self.clock)
        return ask(job, message, passed=again.passed(seq), total=again.batches)
