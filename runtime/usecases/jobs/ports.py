"""What the use cases of jobs need."""

from typing import Protocol

from runtime.core.jobs.job import Job


class NewJobs(Protocol):
    """Stores jobs that begin."""

    def add(self, job: Job, /) -> None:
        """Store a new job."""


class Jobs(Protocol):
    """Stores jobs."""

    def get(self, tenant: str, job_id: str, /) -> Job:
        """One job.

        Raises:
            NotFound: code `job_not_found`.
        """

    def replace(self, old: Job, new: Job, /) -> Job | None:
        """Store `new` in the place of `old`; None when `old` has changed meanwhile."""


class Starter(Protocol):
    """Starts the function that works jobs off, without waiting for it."""

    def start(self, tenant: str, job_id: str, /) -> None:
        """Ask for this job to be worked on now."""
