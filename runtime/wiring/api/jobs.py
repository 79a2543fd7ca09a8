"""What the API does with jobs, and with the imports and exports that are jobs."""

from dataclasses import dataclass

from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.stores.jobs.jobs import Jobs
from runtime.stores.jobs.jobs_function import JobsFunction
from runtime.usecases.exports.create_export import CreateExport
from runtime.usecases.exports.fetch_export import FetchExport
from runtime.usecases.imports.create_import import CreateImport
from runtime.usecases.imports.start_import import StartImport
from runtime.usecases.jobs.cancel_job import CancelJob
from runtime.wiring import parts, worker


@dataclass(frozen=True, slots=True, kw_only=True)
class JobApi:
    """What the API does with jobs."""

    store: Jobs  # to list and show them
    cancel: CancelJob
    create_import: CreateImport
    start_import: StartImport
    create_export: CreateExport
    fetch_export: FetchExport


def build(clients: Clients, installation: Settings) -> JobApi:
    """The use cases of jobs, with their store."""
    jobs, files = parts.jobs(clients, installation), parts.files(clients, installation)
    starter = JobsFunction(client=clients.functions, name=installation.jobs_function)
    return JobApi(
        store=jobs,
        cancel=CancelJob(jobs=jobs, clock=worker.now),
        create_import=CreateImport(jobs=jobs, files=files, new_id=parts.new_id, clock=worker.now),
        create_export=CreateExport(
            jobs=jobs, starter=starter, new_id=parts.new_id, clock=worker.now
        ),
        fetch_export=FetchExport(jobs=jobs, files=files),
        start_import=StartImport(jobs=jobs, files=files, starter=starter, clock=worker.now),
    )
