"""`penstock functions versions|diff|publish|rollback|canary|releases`: what runs, and what ran."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import _diff, _files, _live, _numbers, _output, _terminal, client
from cli._errors import CommandFailed, WrongUsage
from cli._output import AsJson, Limit

COLUMNS: Final = ("version", "state", "created_at", "engine", "source_sha256")
RELEASE_COLUMNS: Final = (
    "seq", "at", "kind", "version", "live_before", "live_after", "percent", "reason",
)  # fmt: skip
CANARY_COLUMNS: Final = (
    "live_version", "live_runs", "live_failures", "version", "canary_runs", "canary_failures",
    "percent", "margin_points", "min_runs", "started_at",
)  # fmt: skip
Name = Annotated[str, typer.Argument(help="The function's name.", autocompletion=_live.functions)]
Version = Annotated[int, typer.Argument(min=1, help="A version's number.")]

versions = typer.Typer(no_args_is_help=True)
canary = typer.Typer(no_args_is_help=True)


@versions.command("list")
def list_all(name: Name, *, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List a function's versions, the newest first, and which is live, on trial or deleted."""
    api = client.connect()
    function = api.get(f"/v1/functions/{client.segment(name)}")
    rows = list(api.each(f"/v1/functions/{client.segment(name)}/versions", limit=limit))
    rows = [{**row, "state": _state(row, function)} for row in rows]
    shown = [{**row, "source_sha256": f"{row['source_sha256'][:12]}…"} for row in rows]
    _output.show({"data": rows}, as_json=as_json, human=lambda: _output.table(shown, COLUMNS))


@versions.command("show")
def show_version(name: Name, version: Version, *, as_json: AsJson = False) -> None:
    """Show a version with its source."""
    stored = client.connect().get(f"/v1/functions/{client.segment(name)}/versions/{version}")
    facts = {key: value for key, value in stored.items() if key != "source"}
    _output.show(
        stored,
        as_json=as_json,
        human=lambda: [_output.record(facts), "", *stored["source"].split("\n")],
    )


@versions.command("delete")
def delete_version(
    name: Name, version: Version, *, if_match: client.IfMatch = None, as_json: AsJson = False
) -> None:
    """Forget a version's source for good; its number is never given again."""
    client.connect().delete(
        f"/v1/functions/{client.segment(name)}/versions/{version}", if_match=if_match
    )
    document = {"function": name, "version": version, "deleted": True}
    _output.show(document, as_json=as_json, human=lambda: [f"deleted version {version} of {name}"])


def diff(
    name: Name,
    before: Annotated[int, typer.Argument(min=1, help="The version to compare from.")],
    after: Annotated[int | None, typer.Argument(min=1, help="The version to compare with.")] = None,
    *,
    local: Annotated[
        Path | None, typer.Option(help="Compare with this file instead of a version.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed between two versions, or from a version to a file of yours."""
    if (after is None) == (local is None):
        raise WrongUsage(
            f"name either a second version, as in `penstock functions diff {name} {before} N`,"
            " or a file by --local",
            code="one_version",
        )
    if after == before:
        raise WrongUsage(
            f"version {before} is compared with itself; name another version", code="one_version"
        )
    api = client.connect()
    target = str(local) if local is not None else f"{name} version {after}"
    text = _files.read_text(local) if local is not None else _source(api, name, after)
    lines = _diff.unified(
        _diff.lines_of(_source(api, name, before)),
        _diff.lines_of(text),
        before_name=f"{name} version {before}",
        after_name=target,
    )
    document = {"function": name, "before": before, "after": after, "diff": lines}
    shown = _diff.coloured(lines) if _terminal.has_colours() else lines
    _output.show(document, as_json=as_json, human=lambda: shown or ["(no difference)"])


def publish(
    name: Name,
    *,
    version: Annotated[int | None, typer.Option(min=1, help="Instead of the latest.")] = None,
    if_match: client.IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Make a version live: the latest, or another one."""
    function = client.connect().post(
        f"/v1/functions/{client.segment(name)}/publish", {"version": version}, if_match=if_match
    )
    _output.show(function, as_json=as_json, human=lambda: [_runs(function)])


def rollback(
    name: Name,
    *,
    to: Annotated[int | None, typer.Option(min=1, help="Instead of the one before.")] = None,
    if_match: client.IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Go back to the version that was live before; while a canary runs, end it."""
    function = client.connect().post(
        f"/v1/functions/{client.segment(name)}/rollback", {"version": to}, if_match=if_match
    )
    _output.show(function, as_json=as_json, human=lambda: [_runs(function)])


def releases(name: Name, *, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List what became of a function's versions, and why; the newest change first."""
    rows = list(
        client.connect().each(f"/v1/functions/{client.segment(name)}/releases", limit=limit)
    )
    _output.show(
        {"data": rows}, as_json=as_json, human=lambda: _output.table(rows, RELEASE_COLUMNS)
    )


@canary.command("start")
def start_canary(  # noqa: PLR0913 - each option of the command is a parameter
    name: Name,
    version: Version,
    *,
    percent: Annotated[
        float,
        typer.Option(
            parser=_numbers.number, metavar="PERCENT", help="Share of the runs, from 0.001 to 100."
        ),
    ] = 10,
    margin: Annotated[
        float,
        typer.Option(
            parser=_numbers.number,
            metavar="POINTS",
            help="It ends if so many points more of its runs fail.",
        ),
    ] = 5,
    min_runs: Annotated[int, typer.Option(help="Counted over at least so many runs.")] = 100,
    if_match: client.IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Give a version a share of the runs, or change the share of a trial under way."""
    body = {
        "version": version,
        "percent": percent,
        "margin_points": margin,
        "min_runs": min_runs,
    }
    function = client.connect().put(
        f"/v1/functions/{client.segment(name)}/canary", body, if_match=if_match
    )
    _output.show(function, as_json=as_json, human=lambda: [_runs(function)])


@canary.command("show")
def show_canary(name: Name, *, as_json: AsJson = False) -> None:
    """Show which version is on trial, and how many runs of it and of the live one failed."""
    shown = client.connect().get(f"/v1/functions/{client.segment(name)}/canary")
    trial = shown["canary"]
    rows = [] if trial is None else [{**shown, **shown["counts"], **trial}]
    _output.show(shown, as_json=as_json, human=lambda: _output.table(rows, CANARY_COLUMNS))


@canary.command("promote")
def promote_canary(name: Name, *, if_match: client.IfMatch = None, as_json: AsJson = False) -> None:
    """Publish the version on trial."""
    function = client.connect().post(
        f"/v1/functions/{client.segment(name)}/canary/promote", if_match=if_match
    )
    _output.show(function, as_json=as_json, human=lambda: [_runs(function)])


@canary.command("stop")
def stop_canary(name: Name, *, if_match: client.IfMatch = None, as_json: AsJson = False) -> None:
    """End the trial; the live version gets all runs again."""
    function = client.connect().delete(
        f"/v1/functions/{client.segment(name)}/canary", if_match=if_match
    )
    _output.show(function, as_json=as_json, human=lambda: [_runs(function)])


def _source(api: client.Client, name: str, version: int | None) -> str:
    stored = api.get(f"/v1/functions/{client.segment(name)}/versions/{version}")
    if stored["deleted_at"] is not None:
        raise CommandFailed(
            f"version {version} was deleted at {stored['deleted_at']}, and its source is gone;"
            f" `penstock functions versions list {name}` shows which there are",
            code="version_deleted",
        )
    return str(stored["source"])


def _state(version: Any, function: Any) -> str | None:
    """What becomes of a version; None for one that waits to be published."""
    trial = function["canary"] or {}
    if version["version"] == function["live_version"]:
        return "live"
    if version["version"] == trial.get("version"):
        return "canary"
    return "deleted" if version["deleted_at"] is not None else None


def _runs(function: Any) -> str:
    """One line that says what the function runs now."""
    line = f"{function['name']} now runs version {function['live_version']}"
    trial = function["canary"]
    if trial is None:
        return line
    return f"{line}, and version {trial['version']} on {trial['percent']:g} % of the events"
