"""What the API does with jobs."""

from dataclasses import dataclass

from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.stores.jobs.jobs import Jobs
from runtime.usecases.jobs.cancel_job import CancelJob
from runtime.wiring import parts, worker


@dataclass(frozen=True, slots=True, kw_only=True)
class JobApi:
    """What the API does with jobs."""

    store: Jobs  # to list and show them
    cancel: CancelJob


def build(clients: Clients, installation: Settings) -> JobApi:
    """The use cases of jobs, with their store."""
    jobs = parts.jobs(clients, installation)
    return JobApi(store=jobs, cancel=CancelJob(jobs=jobs, clock=worker.now))
