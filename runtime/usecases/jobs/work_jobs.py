"""Works off jobs: all that are due, or one that somebody has just started."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.jobs.job import Job
from runtime.usecases.jobs.work_off import WorkOff


class Jobs(Protocol):
    """Stores jobs."""

    def find(self, tenant: str, job_id: str, /) -> Job | None:
        """One job, strongly read, or None."""

    def replace(self, old: Job, new: Job, /) -> Job | None:
        """Store `new` in the place of `old`; None when `old` has changed meanwhile."""

    def due(self, *, now_ms: int, limit: int) -> Iterable[Job]:
        """At most `limit` running jobs that nobody is working on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkJobs:
    """Works off jobs of every kind."""

    jobs: Jobs
    work_off: WorkOff[Job]
    clock: Callable[[], datetime]

    def work_on(self, tenant: str, job_id: str) -> int:
        """Do some pages of one job; returns how many records it has worked on.

        It is read by its id, because the index of those that are due may not have it yet. A job
        that somebody is working on, or that is not due yet, is left alone.

        Raises:
            Transient: the job could not go on; a later call takes it up again.
        """
        job = self.jobs.find(tenant, job_id)
        now_ms = self.clock().timestamp() * 1000
        if job is None or job.due_at_ms is None or job.due_at_ms > now_ms:
            return 0
        return self.work_off([job])
