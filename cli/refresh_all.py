"""`penstock admin refresh`: all warehouses, made anew from the lakes."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli import _deeds, _installation, _output
from cli._errors import FAILED
from cli._installation import Stack
from cli._output import AsJson
from cli._progress import Work, progress
from runtime.core.operations.deeds import Deed

if TYPE_CHECKING:
    from runtime.core.jobs.job import Job
    from runtime.wiring.operations import Refreshing

LOOK_AGAIN_S: Final = 5.0
DONE: Final = "done"
COLUMNS: Final = ("tenant", "sync_id", "table", "job_id", "state", "done", "total")


def refresh(
    *,
    tenant: Annotated[str | None, typer.Option(help="Of this tenant alone.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until all jobs have ended.")] = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Make every table of every sync's warehouse anew from its lake, by a job for each.

    The jobs begin within a minute, and their tenants see them, too: `penstock jobs show` says why
    one has failed. A table is never empty meanwhile. Syncs that are paused wait until they are
    resumed.
    """
    from runtime.wiring import operations

    with _installation.refusals(), progress("refreshing") as work:
        installation = _installation.find(stack)
        refreshing = operations.refreshing(
            client=installation.client,
            stack=installation.stack,
            config_table=installation.output("ConfigTable"),
        )
        jobs: list[Job] = []

        def do() -> dict[str, Any]:
            for job in refreshing.start(tenant=tenant):
                jobs.append(job)
                work.say(f"{len(jobs)} jobs")
            return {"jobs": [job.id for job in jobs]}

        _deeds.recorded(installation, Deed.REFRESHED, do=do, resource_id=tenant)
        if wait:
            jobs = _ended(jobs, refreshing, work)
    rows = [_row(job) for job in jobs]
    _output.show({"data": rows}, as_json=as_json, human=lambda: _output.table(rows, COLUMNS))
    if any(not job.is_running and job.state != DONE for job in jobs):
        raise typer.Exit(FAILED)


def _ended(jobs: Sequence["Job"], refreshing: "Refreshing", work: Work) -> list["Job"]:
    """The jobs, once all have ended."""
    while running := [job for job in jobs if job.is_running]:
        work.say(f"{len(jobs) - len(running)} of {len(jobs)} jobs have ended")
        threading.Event().wait(LOOK_AGAIN_S)
        jobs = [refreshing.jobs.get(job.tenant, job.id) if job.is_running else job for job in jobs]
    return list(jobs)


def _row(job: "Job") -> dict[str, Any]:
    return {
        "tenant": job.tenant,
        "sync_id": job.params["sync_id"],
        "table": job.params["table"],
        "job_id": job.id,
        "state": str(job.state),
        "done": job.done,
        "total": job.total,
    }
