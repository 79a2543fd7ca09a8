"""`penstock runs` and `penstock functions logs`: what functions did."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from cli import _follow, _live, _numbers, _output, _times, client
from cli._follow import changes
from cli._output import AsJson, Limit, Part
from cli._times import Since, Until
from runtime.core import timestamps

COLUMNS: Final = (
    "created_at", "id", "function", "version", "outcome", "attempt", "duration_ms", "memory_mb",
    "event_id", "topic",
)  # fmt: skip
LOG_COLUMNS: Final = (
    "created_at", "id", "version", "outcome", "duration_ms", "engine", "isolation", "event_id",
    "topic",
)  # fmt: skip
# Fields of a run that are shown below the others, each in lines of its own.
_PARTS: Final = frozenset({"error", "logs", "effects", "http", "output"})
_OF_EFFECTS: Final = {"emit": "topic", "deliver": "webhook"}  # what an effect is about

Outcome = Annotated[
    str | None, typer.Option(help="An outcome, such as raised; or failed, for every failure.")
]
Version = Annotated[int | None, typer.Option(min=0, help="Only of this version.")]

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_all(  # noqa: PLR0913 - each option of the command is a parameter
    *,
    function: Annotated[
        str | None, typer.Option(help="Only of this function.", autocompletion=_live.functions)
    ] = None,
    outcome: Outcome = None,
    version: Version = None,
    event: Annotated[str | None, typer.Option(help="Only on this event (its id).")] = None,
    profile: Annotated[
        str | None, typer.Option(help="Only on events about this profile (its id).")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Only of this exact topic.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List runs, the newest first."""
    query = {
        "function": function,
        "outcome": outcome,
        "version": version,
        "event": event,
        "profile": profile,
        "topic": topic,
        "since": _times.parse(since),
        "until": _times.parse(until),
    }
    runs = list(client.connect().each("/v1/runs", query, limit=limit))
    _output.show({"data": runs}, as_json=as_json, human=lambda: _output.table(runs, COLUMNS))


@app.command()
def show(run_id: str, *, as_json: AsJson = False) -> None:
    """Show a run: what ran, what it logged and did, and how it ended."""
    run = client.connect().get(f"/v1/runs/{client.segment(run_id)}")
    _output.show(run, as_json=as_json, human=lambda: lines(run))


def logs(  # noqa: PLR0913 - each option of the command is a parameter
    name: Annotated[
        str | None,
        typer.Argument(help="A function; all of them without.", autocompletion=_live.functions),
    ] = None,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show runs as they end, until Ctrl-C.")
    ] = False,
    for_s: Annotated[float | None, _numbers.duration(text="Follow for so long.")] = None,
    outcome: Outcome = None,
    version: Version = None,
    since: Since = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Show the latest runs with what they logged and did.

    With --follow, the oldest first and then each as it ends; with --json all of them at the end.
    """
    api = client.connect()
    path = "/v1/runs" if name is None else f"/v1/functions/{client.segment(name)}/runs"
    query = {"outcome": outcome, "version": version}
    if follow or for_s is not None:
        _watch(api, path, query, since=since, for_s=for_s, as_json=as_json)
        return
    runs = list(api.each(path, {**query, "since": _times.parse(since)}, limit=limit))
    _output.show({"data": runs}, as_json=as_json, human=lambda: _log(runs, of_all=name is None))


def _watch(
    api: client.Client,
    path: str,
    query: Mapping[str, Any],
    *,
    since: str | None,
    for_s: float | None,
    as_json: bool,
) -> None:
    began_at = _times.parse(since)
    began = datetime.now(UTC) if began_at is None else timestamps.moment(began_at)
    _follow.tail(
        changes(api, path, query, began=began, for_s=for_s),
        lines=lambda run: entry(run, of_all=path == "/v1/runs"),
        as_json=as_json,
    )


def _log(runs: list[Any], *, of_all: bool) -> Iterable[str]:
    entries = [line for run in runs for line in entry(run, of_all=of_all)]
    return entries or ["(no runs)"]


def entry(run: Mapping[str, Any], *, of_all: bool) -> Iterator[str]:
    """A run in a log: one line about it, then indented what it logged and did."""
    columns = list(LOG_COLUMNS)
    if of_all:
        columns.insert(2, "function")
    yield "  ".join(_output.cell(run[column]) for column in columns)
    for part in (_logged(run), _called(run), _done(run), _failed(run)):
        yield from (f"    {line}" for line in part)


def lines(run: Mapping[str, Any]) -> Iterator[Part]:
    """A run for people: its fields, then what it logged and did, and how it ended."""
    yield _output.record({name: run[name] for name in run if name not in _PARTS})
    output = [] if run["output"] is None else json.dumps(run["output"], indent=2).split("\n")
    parts = {
        "log": _logged(run),
        "http": _called(run),
        "effects": _done(run),
        "error": _failed(run),
        "output": output,
    }
    for title, part in parts.items():
        shown = [f"  {line}" for line in part]
        yield from ["", title, *shown] if shown else []


def _logged(run: Mapping[str, Any]) -> Iterator[str]:
    for logged in run["logs"]:
        fields = logged.get("fields")
        text = json.dumps(fields, ensure_ascii=False) if fields else ""
        yield f"{logged.get('message')} {text}".rstrip()


def _called(run: Mapping[str, Any]) -> Iterator[str]:
    for call in run["http"]:
        ended = call["error"] if call["status"] is None else call["status"]
        yield f"{call['method']} {call['host']}{call['path']} -> {ended} in {call['ms']} ms"


def _done(run: Mapping[str, Any]) -> Iterator[str]:
    """The effects but http calls, of which `_called` says more."""
    for effect in run["effects"]:
        about = _OF_EFFECTS.get(effect["op"], "")
        rest = {name: effect[name] for name in effect if name not in ("op", about)}
        words = [effect["op"], str(effect.get(about, "")), json.dumps(rest, ensure_ascii=False)]
        if effect["op"] != "http":
            yield " ".join(filter(None, words))


def _failed(run: Mapping[str, Any]) -> Iterator[str]:
    error = run["error"]
    if error is None:
        return
    findings = error.get("findings") or ()
    yield from (_output.finding(finding) for finding in findings)
    sentence = f"{error.get('type')}: {error.get('message')}"
    yield from (error.get("traceback") or sentence).split("\n")
