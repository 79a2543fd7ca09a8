"""Stop a job."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from runtime.core.jobs import job as jobs
from runtime.core.jobs.job import Job, JobState
from runtime.core.preconditions import ANY, IfMatch
from runtime.core.timestamps import timestamp
from runtime.errors import Conflict
from runtime.races import Races
from runtime.usecases.jobs.ports import Jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelJob:
    """Cancels jobs of every kind."""

    jobs: Jobs
    clock: Callable[[], datetime]
    races: Races = field(default_factory=Races)

    def __call__(self, tenant: str, job_id: str, *, if_match: IfMatch = ANY) -> Job:
        """Stop the job. It takes nothing back, and a job that has ended stays as it is.

        Raises:
            NotFound: code `job_not_found`.
            PreconditionFailed: `if_match` names another ETag than the job has.
            Conflict: code `job_cannot_be_cancelled`, or `job_changed`: it is just being worked on;
                try again.
        """
        for _ in self.races:
            job = self.jobs.get(tenant, job_id)
            if_match.check(job.etag)
            if job.has_ended:
                return job
            if job.kind in jobs.TO_THE_END:
                raise Conflict(
                    f"a job of kind {job.kind} goes on to its end", code="job_cannot_be_cancelled"
                )
            cancelled = jobs.ended(job, JobState.CANCELLED, now=timestamp(self.clock()))
            after = self.jobs.replace(job, cancelled)
            if after is not None:
                return after
        raise Conflict("is just being worked on; try again", code="job_changed")
