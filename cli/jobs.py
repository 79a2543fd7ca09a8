"""`penstock jobs`."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final

import typer

from cli import _output, client
from cli._errors import CommandFailed
from cli._output import AsJson, Limit, Part
from cli._progress import progress
from cli.client import Client

LOOK_AGAIN_S: Final = 1.0
COLUMNS: Final = ("id", "kind", "state", "done", "total", "counts", "created_at", "finished_at")
OPEN: Final = frozenset({"waiting", "running"})

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_all(*, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List jobs and how far they are, the newest first."""
    jobs = list(client.connect().each("/v1/jobs", limit=limit))
    _output.show({"data": jobs}, as_json=as_json, human=lambda: _output.table(jobs, COLUMNS))


@app.command()
def show(job_id: str, *, as_json: AsJson = False) -> None:
    """Show a job: how far it is, and the first records that it could not do."""
    job = client.connect().get(path(job_id))
    _output.show(job, as_json=as_json, human=lambda: lines(job))


@app.command()
def cancel(job_id: str, *, if_match: client.IfMatch = None, as_json: AsJson = False) -> None:
    """Stop a job; what it has done stays done."""
    job = client.connect().post(f"{path(job_id)}/cancel", if_match=if_match)
    _output.show(job, as_json=as_json, human=lambda: lines(job))


@app.command()
def wait(
    job_id: Annotated[str, typer.Argument(help="The job's id (job_…).")],
    *,
    as_json: AsJson = False,
) -> None:
    """Wait until a job has ended, and show it; ends with 1 unless the job is done."""
    api = client.connect()
    follow(api, api.get(path(job_id)), wait=True, as_json=as_json)


def path(job_id: str) -> str:
    """The path of a job."""
    return f"/v1/jobs/{client.segment(job_id)}"


def ended(api: Client, job: Mapping[str, Any]) -> Mapping[str, Any]:
    """The job once it has ended; how far it is, is shown meanwhile."""
    with progress(job["kind"].replace("_", " ")) as work:
        while job["state"] in OPEN:
            work.say(_so_far(job))
            threading.Event().wait(LOOK_AGAIN_S)
            job = api.get(path(job["id"]))
    return job


def follow(api: Client, job: Mapping[str, Any], *, wait: bool, as_json: bool) -> None:
    """Show a job; with `wait`, once it has ended, and fail unless it is done.

    For `--json` that is one document: a job that is not done stands in the error.

    Raises:
        CommandFailed: with the code of the reason, or `job_cancelled`.
    """
    if wait:
        job = ended(api, job)
    failure = _failure(job) if wait else None
    if failure is None or not as_json:
        _output.show(job, as_json=as_json, human=lambda: lines(job))
    if failure is not None:
        raise failure


def check(job: Mapping[str, Any]) -> None:
    """Fail unless the job is done.

    Raises:
        CommandFailed: with the code of the reason, or `job_cancelled`.
    """
    failure = _failure(job)
    if failure is not None:
        raise failure


def _failure(job: Mapping[str, Any]) -> CommandFailed | None:
    """Why a job that has ended is not done; None if it is."""
    reason = job["reason"]
    if reason is not None:
        message = f"the job has failed: {reason['message']}"
        return CommandFailed(message, code=reason["code"], details={"job": job})
    if job["state"] == "cancelled":
        message = "somebody has cancelled the job"
        return CommandFailed(message, code="job_cancelled", details={"job": job})
    return None


def lines(job: Mapping[str, Any]) -> Iterable[Part]:
    """A job for people: its fields, and a line for each fault."""
    fields = ("id", "kind", "state", "params", "done", "total", "counts", "result", "reason")
    yield _output.record({name: job[name] for name in (*fields, "created_at", "finished_at")})
    if job["faults"]:
        yield ""
        yield _output.table(list(_faults(job)), ("where", "code", "message"))


def _faults(job: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for fault in job["faults"]:
        where = fault["subject"] if fault["line"] is None else f"line {fault['line']}"
        yield {"where": where, "code": fault["code"], "message": fault["message"]}


def _so_far(job: Mapping[str, Any]) -> str:
    of = "" if job["total"] is None else f" of {job['total']}"
    counts = ", ".join(f"{number} {name}" for name, number in job["counts"].items())
    return f"{job['done']}{of}" + (f" ({counts})" if counts else "")
