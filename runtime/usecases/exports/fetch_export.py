"""Let a caller fetch the file of an export."""

from dataclasses import dataclass
from typing import Protocol

from runtime.core.exports import profile_export as exports
from runtime.core.jobs.files import SignedRequest
from runtime.core.jobs.job import JobKind, JobState
from runtime.errors import Conflict, NotFound
from runtime.usecases.jobs.ports import Jobs


class Files(Protocol):
    """Files that callers fetch."""

    def download(self, key: str, /, *, name: str) -> SignedRequest:
        """A request that fetches a file; a browser saves it under `name`."""

    def size_bytes(self, key: str, /) -> int | None:
        """How large a file is; None when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchExport:
    """Signs requests for the files of exports."""

    jobs: Jobs
    files: Files

    def __call__(self, tenant: str, job_id: str) -> SignedRequest:
        """A request that fetches the job's file.

        Raises:
            NotFound: code `job_not_found`; or `file_expired`: exports are kept for two days.
            Conflict: code `nothing_to_download`: the job is no export, or is not done.
        """
        job = self.jobs.get(tenant, job_id)
        if job.kind is not JobKind.PROFILE_EXPORT or job.state is not JobState.DONE:
            raise Conflict(
                f"a job of kind {job.kind} that is {job.state} has no file",
                code="nothing_to_download",
            )
        key = exports.file_key(job)
        if self.files.size_bytes(key) is None:
            raise NotFound(
                "the file was removed two days after it was written", code="file_expired"
            )
        return self.files.download(key, name=exports.file_name(job))
