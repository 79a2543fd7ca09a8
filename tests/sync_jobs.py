"""Jobs beside a sync, in the small world of the warehouse: backfills and refreshes."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from runtime.core.jobs.job import Job
from runtime.usecases.warehouse.ask_for_loads import LOOK_MS
from tests.warehouse import World


@dataclass
class Begun:
    """The jobs that have begun: their store, and whoever starts them."""

    jobs: list[Job] = field(default_factory=list)
    started: list[str] = field(default_factory=list)

    def add(self, job: Job, /) -> None:
        """Store a new job."""
        self.jobs.append(job)

    def start(self, _tenant: str, job_id: str, /) -> None:
        """Have it worked on."""
        self.started.append(job_id)


def ended(world: World, job: Job, page: Callable[[World, Job], Job]) -> Job:
    """The job at its end, with everything done that its pages ask for on the way."""
    for _ in range(20):
        job = page(world, job)
        if not job.is_running:
            return job
        world.work()
        world.pass_time(seconds=LOOK_MS / 1000)
    pytest.fail(f"it does not end: {job}")
