"""`penstock functions invoke`: runs a function in the cloud, on an event that one chooses."""

import threading
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import _files, _numbers, _output, client, runs
from cli._errors import CommandFailed, WrongUsage
from cli._output import AsJson
from cli._progress import progress
from cli.client import Client
from cli.function_versions import Name

FIRST_WAIT_S: Final = 0.2
MAX_WAIT_S: Final = 2.0


def invoke(  # noqa: PLR0913 - each option of the command is a parameter
    name: Name,
    *,
    event: Annotated[
        Path | None, typer.Option(help="A JSON file with an event; only this function gets it.")
    ] = None,
    event_id: Annotated[
        str | None, typer.Option("--event-id", help="An event that is kept, by its id.")
    ] = None,
    latest: Annotated[
        str | None, typer.Option(help="A topic: the newest event of it that is kept.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Store nothing and apply no effect.")
    ] = False,
    allow_http: Annotated[
        bool, typer.Option("--allow-http", help="Make the http calls of a dry run.")
    ] = False,
    version: Annotated[
        int | None, typer.Option(min=1, help="Instead of the live one, or of the canary.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Run it again even if its run has succeeded.")
    ] = False,
    wait_s: Annotated[
        float, _numbers.duration("--wait-s", text="How long to wait for the run's record.")
    ] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Run a function on one event: a given one, one that is kept, or the newest of a topic.

    It gets the stored profile that the event is about. A dry run shows what would follow, and
    nothing does. Otherwise the run counts: this waits for its record and shows it. A function that
    has run the event already runs it again; that is the next attempt of the same run.
    """
    if sum(each is not None for each in (event, event_id, latest)) != 1:
        raise WrongUsage("give one of --event FILE, --event-id ID and --latest TOPIC")
    body = {
        "event": None if event is None else _files.read_json(event),
        "event_id": event_id,
        "latest": latest,
        "version": version,
        "dry_run": dry_run,
        "allow_http": allow_http,
        "force": force,
    }
    api = client.connect()
    answer = api.post(f"/v1/functions/{client.segment(name)}/invoke", body)
    run = answer["run"] if dry_run else _recorded(api, answer, wait_s=wait_s)
    _output.show(run, as_json=as_json, human=lambda: runs.lines(run))


def _recorded(api: Client, answer: Any, *, wait_s: float) -> Any:
    """The record of the attempt that was asked for.

    Raises:
        CommandFailed: code `run_not_recorded`: it is not there in time.
    """
    run_id, attempt = answer["run_id"], answer["attempt"]
    typer.echo(f"{run_id}: waiting for attempt {attempt} on event {answer['event_id']}", err=True)
    end_s, pause_s = time.monotonic() + wait_s, FIRST_WAIT_S
    with progress("waiting for the run") as work:
        while True:
            run = _run(api, run_id)
            if run is not None and run["attempt"] >= attempt:
                return run
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                raise CommandFailed(
                    f"after {wait_s:g} s the run has no record yet; `penstock runs show {run_id}`"
                    " shows it once it has",
                    code="run_not_recorded",
                    details={"run_id": run_id, "attempt": attempt},
                )
            work.say("no record yet")
            threading.Event().wait(min(pause_s, left_s))
            pause_s = min(2 * pause_s, MAX_WAIT_S)


def _run(api: Client, run_id: str) -> Any:
    try:
        return api.get(f"/v1/runs/{client.segment(run_id)}")
    except CommandFailed as refusal:
        if refusal.code != "run_not_found":
            raise
        return None
