"""Composition root of `jobs`, which works off what tenants have asked for."""

from typing import TYPE_CHECKING, Final

from runtime import settings
from runtime.wiring import parts, worker

if TYPE_CHECKING:
    from runtime.usecases.jobs.work_jobs import WorkJobs

# Nearly all of the minute until the next call, so that a long job hardly ever waits. The function's
# timeout leaves the last page half a minute to end.
BUDGET_S: Final = 55


def build() -> "WorkJobs":
    """What works off the jobs of this installation."""
    from runtime.usecases.jobs.work_jobs import WorkJobs
    from runtime.usecases.jobs.work_off import WorkOff

    installation = settings.load()
    clients = parts.clients(installation)
    jobs = parts.jobs(clients, installation)
    return WorkJobs(
        jobs=jobs,
        work_off=WorkOff(store=jobs, steps={}, budget_s=BUDGET_S, clock=worker.now),
        clock=worker.now,
    )
