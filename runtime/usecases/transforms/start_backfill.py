"""Start a backfill: the job that brings every profile up to date with the data transforms."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from runtime.core.jobs import job as jobs
from runtime.core.jobs.durable import SETTLE_MS
from runtime.core.jobs.job import Job, JobKind
from runtime.usecases.jobs.ports import NewJobs


@dataclass(frozen=True, slots=True, kw_only=True)
class StartBackfill:
    """Starts backfills."""

    jobs: NewJobs
    new_id: Callable[[str], str]
    clock: Callable[[], datetime]

    def __call__(self, tenant: str) -> Job:
        """The new job.

        It begins when no worker writes profiles by the transforms of before any more, so that it
        passes over none that is written meanwhile.
        """
        job = jobs.asked_for(
            JobKind.TRANSFORM_BACKFILL,
            tenant=tenant,
            now=self.clock(),
            unique=self.new_id(jobs.PREFIX),
            settle_ms=SETTLE_MS,
        )
        self.jobs.add(job)
        return job
