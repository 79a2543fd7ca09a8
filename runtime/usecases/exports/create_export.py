"""Create an export of people: a job that writes a file."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from runtime.core.exports import profile_export as exports
from runtime.core.exports.profile_export import ExportSpec
from runtime.core.jobs.job import Job, JobKind, job_id
from runtime.core.timestamps import timestamp
from runtime.usecases.jobs.ports import NewJobs, Starter


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateExport:
    """Creates exports."""

    jobs: NewJobs
    starter: Starter
    new_id: Callable[[str], str]
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, spec: ExportSpec) -> Job:
        """Start a job, which is worked on at once.

        Raises:
            BadInput: code `bad_filter` or `bad_columns`.
        """
        exports.check(spec)
        now = self.clock()
        job = Job(
            id=job_id(timestamp(now), self.new_id("job")),
            tenant=tenant,
            kind=JobKind.PROFILE_EXPORT,
            created_at=timestamp(now),
            params=spec.to_params(),
            due_at_ms=int(now.timestamp() * 1000),
        )
        self.jobs.add(job)
        self.starter.start(tenant, job.id)
        return job
