"""Ends a job that can never go on, with the reason in its record."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from runtime.core.jobs import job as jobs
from runtime.core.jobs.job import Job
from runtime.core.timestamps import timestamp
from runtime.errors import Permanent

Step = Callable[[Job], Job]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndFailed:
    """A step, and what becomes of its job when the step says that trying again cannot help."""

    step: Step
    clock: Callable[[], datetime]

    def __call__(self, job: Job) -> Job:
        """Do the step; returns the job after it, which has failed if the step says so.

        Raises:
            Transient: the page was not done to its end; do it again.
        """
        try:
            return self.step(job)
        except Permanent as problem:
            return jobs.failed(job, problem, now=timestamp(self.clock()))
