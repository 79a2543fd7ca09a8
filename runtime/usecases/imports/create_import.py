"""Create an import of people: a job that waits for its file, and where to put that."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from runtime.core.imports import profile_import as imports
from runtime.core.imports.profile_import import FileSpec
from runtime.core.jobs.files import SignedRequest
from runtime.core.jobs.job import Job, JobKind, JobState, job_id
from runtime.core.timestamps import timestamp
from runtime.usecases.imports.ports import Uploads
from runtime.usecases.jobs.ports import NewJobs


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImport:
    """An import that waits for its file."""

    job: Job
    upload: SignedRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateImport:
    """Creates imports."""

    jobs: NewJobs
    files: Uploads
    new_id: Callable[[str], str]
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, spec: FileSpec) -> NewImport:
        """Create a job, which does nothing before its file is stored and it is started.

        Raises:
            BadInput: code `bad_mapping`, `bad_delimiter`, `empty_file` or `file_too_large`.
        """
        imports.check(spec)
        now = timestamp(self.clock())
        job = Job(
            id=job_id(now, self.new_id("job")),
            tenant=tenant,
            kind=JobKind.PROFILE_IMPORT,
            state=JobState.WAITING,
            created_at=now,
            params=spec.to_params(),
        )
        upload = self.files.upload(imports.file_key(job), size_bytes=spec.bytes)
        self.jobs.add(job)
        return NewImport(job=job, upload=upload)
