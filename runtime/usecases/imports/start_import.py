"""Start an import whose file is stored."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from runtime.core.imports import profile_import as imports
from runtime.core.jobs import job as jobs
from runtime.core.jobs.job import Job, JobState
from runtime.errors import Conflict
from runtime.races import Races
from runtime.usecases.imports.ports import Uploads
from runtime.usecases.jobs.ports import Jobs, Starter


@dataclass(frozen=True, slots=True, kw_only=True)
class StartImport:
    """Starts imports. It is the only kind of job that waits."""

    jobs: Jobs
    files: Uploads
    starter: Starter
    clock: Callable[[], datetime]
    races: Races = field(default_factory=Races)

    def __call__(self, tenant: str, job_id: str) -> Job:
        """Start the job; one that runs already goes on.

        If nobody hears of the start, the call of the next minute takes the job up.

        Raises:
            NotFound: code `job_not_found`.
            Conflict: code `job_ended`, `file_missing` or `file_size_differs`; or `job_changed`:
                try again.
        """
        for _ in self.races:
            job = self.jobs.get(tenant, job_id)
            if job.state is JobState.RUNNING:
                return job
            if job.has_ended:
                raise Conflict(f"the job is {job.state}; make another one", code="job_ended")
            self._check_file(job)
            now_ms = int(self.clock().timestamp() * 1000)
            after = self.jobs.replace(job, jobs.started(job, now_ms=now_ms))
            if after is not None:
                self.starter.start(tenant, job_id)
                return after
        raise Conflict("is just being changed; try again", code="job_changed")

    def _check_file(self, job: Job) -> None:
        size_bytes = self.files.size_bytes(imports.file_key(job))
        wanted_bytes = imports.spec_of(job).bytes
        if size_bytes is None:
            raise Conflict("its file has not been uploaded", code="file_missing")
        if size_bytes != wanted_bytes:
            raise Conflict(
                f"its file has {size_bytes} bytes, and {wanted_bytes} were announced",
                code="file_size_differs",
            )
