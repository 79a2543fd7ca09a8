"""Create an export of people: a job that writes a file."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from runtime.core.exports import profile_export as exports
from runtime.core.exports.profile_export import ExportSpec
from runtime.core.jobs import job as jobs
from runtime.core.jobs.job import Job, JobKind
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
        job = jobs.asked_for(
            JobKind.PROFILE_EXPORT,
            tenant=tenant,
            now=self.clock(),
            unique=self.new_id(jobs.PREFIX),
            params=spec.to_params(),
        )
        self.jobs.add(job)
        self.starter.start(tenant, job.id)
        return job
