"""`penstock runs retry`, `functions replay` and `functions replays`: running runs again."""

import threading
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

import typer

from cli import _output, _times, client
from cli._errors import WrongUsage
from cli._output import AsJson, Limit, Part
from cli._progress import progress
from cli._times import Since, Until
from cli.client import Client
from cli.function_versions import Name

LOOK_AGAIN_S: Final = 1.0
WORDS: Final = ("live", "same")
FAILED: Final = "failed"  # instead of outcomes: every failure
RUN_FIELDS: Final = (
    "id", "function", "version", "event_id", "topic", "outcome", "attempt", "error", "created_at",
)  # fmt: skip
REPLAYS: Final = (
    "id", "state", "replayed", "passed_over", "outcomes", "since", "until", "version", "created_at",
)  # fmt: skip


def retry(
    run_id: str,
    *,
    version: Annotated[
        str, typer.Option(help="live, same (the one that ran last), or a number.")
    ] = "live",
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Also if it succeeded: its profile changes are applied once more."
        ),
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Until the attempt has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a run again, on its own event and the profile of now; its effects keep their ids."""
    api = client.connect()
    request = {"version": _version(version), "force": force}
    run = api.post(f"/v1/runs/{client.segment(run_id)}/retry", request)
    before = run["attempt"]
    with progress("waiting for the attempt to end") as work:
        while wait and run["attempt"] == before:
            work.say(run["outcome"])
            threading.Event().wait(LOOK_AGAIN_S)
            run = api.get(f"/v1/runs/{client.segment(run_id)}")
    _output.show(run, as_json=as_json, human=lambda: _lines(run, waited=wait))


def replay(  # noqa: PLR0913 - each option of the command is a parameter
    name: Name,
    *,
    since: Since = None,
    until: Until = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(help="Such as raised; repeatable; failed, the default, is every failure."),
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Only of this exact topic.")] = None,
    version: Annotated[str, typer.Option(help="live, or same for each one's own.")] = "live",
    wait: Annotated[
        bool, typer.Option("--wait", help="Until all have been begun, with the progress.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run runs of a function again, by default all that failed; a job, see `functions replays`."""
    outcomes = outcome or [FAILED]
    if FAILED in outcomes and len(outcomes) > 1:
        raise WrongUsage("failed is every failure; name it alone", code="bad_outcomes")
    filters: dict[str, Any] = {
        "outcomes": None if outcomes == [FAILED] else outcomes,
        "since": _times.parse(since),
        "until": _times.parse(until),
        "topic": topic,
        "version": version,
    }
    body = {field: value for field, value in filters.items() if value is not None}
    api = client.connect()
    job = api.post(f"/v1/functions/{client.segment(name)}/replay", body)
    if wait:
        job = _ended(api, name, job)
    _output.show(job, as_json=as_json, human=lambda: _output.record(job))


def replays(
    name: Name,
    *,
    cancel: Annotated[str | None, typer.Option(help="Stop this replay (its id).")] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List a function's replays and how far they are, or stop one."""
    path = f"/v1/functions/{client.segment(name)}/replays"
    if cancel is not None:
        stopped = client.connect().post(f"{path}/{client.segment(cancel)}/cancel")
        _output.show(stopped, as_json=as_json, human=lambda: _output.record(stopped))
        return
    jobs = list(client.connect().each(path, limit=limit))
    _output.show({"data": jobs}, as_json=as_json, human=lambda: _output.table(jobs, REPLAYS))


def _version(word: str) -> str | int:
    if word in WORDS:
        return word
    if word.isascii() and word.isdigit() and int(word):
        return int(word)
    raise WrongUsage(
        f"--version is {word}; it must be live, same, or a version's number", code="bad_version"
    )


def _ended(api: Client, name: str, job: Any) -> Any:
    """The job once it has ended; its counts are shown meanwhile."""
    path = f"/v1/functions/{client.segment(name)}/replays/{client.segment(job['id'])}"
    with progress("replaying") as work:
        while job["state"] == "running":
            work.say(f"{job['replayed']} begun again, {job['passed_over']} passed over")
            threading.Event().wait(LOOK_AGAIN_S)
            job = api.get(path)
    return job


def _lines(run: Mapping[str, Any], *, waited: bool) -> Iterable[Part]:
    yield _output.record({field: run[field] for field in RUN_FIELDS})
    if not waited:
        yield ""
        yield f"its next attempt is due now; `penstock runs show {run['id']}` shows how it ended"
