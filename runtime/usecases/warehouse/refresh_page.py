"""Ask for the next load of a full refresh, and see how far the refresh has come."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.jobs.job import Job
from runtime.core.warehouse import refresh
from runtime.core.warehouse.messages import SyncMessage
from runtime.usecases.ports import Hints
from runtime.usecases.warehouse import backfill_page
from runtime.usecases.warehouse.ask_for_loads import AskForLoads


class Lake(Protocol):
    """The lake's files."""

    def days(self, tenant: str, sync_id: str, table: str) -> Sequence[str]:
        """The days (YYYY-MM-DD) on which rows of a table arrived, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshPage:
    """Does a page of a refresh. What it has done are days of the lake that have rows."""

    syncs: backfill_page.Syncs
    ledger: backfill_page.Ledger
    lake: Lake
    queue: Hints[SyncMessage]
    clock: Callable[[], datetime]

    def __call__(self, job: Job) -> Job:
        """Look how far the job's loads have come, and ask for the next one.

        Raises:
            NotFound: the sync has been deleted.
            Permanent: code `refresh_stuck`: no load has ended for a day.
            Transient: do it again.
        """
        anew = refresh.of_job(job)
        sync = self.syncs.get(job.tenant, job.params["sync_id"])
        stored = self.lake.days(job.tenant, sync.id, anew.table)
        days = [day for day in stored if day <= anew.last_day]
        cursor = self.ledger.progress(job.tenant, sync.id, job_id=job.id).seq
        message = SyncMessage(
            tenant=job.tenant, sync_id=sync.id, trigger=refresh.TRIGGER, refresh=anew
        )
        ask = AskForLoads(queue=self.queue, clock=self.clock)
        return ask(job, message, passed=refresh.done_of(days, cursor=cursor), total=len(days))
