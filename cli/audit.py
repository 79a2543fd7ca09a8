"""`penstock audit`."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from cli import _diff, _follow, _output, _terminal, _times, client
from cli._follow import ForS, changes
from cli._output import AsJson, Limit
from cli._times import Since, Until

COLUMNS: Final = ("at", "actor", "action", "resource", "outcome", "code", "changed", "id")

Action = Annotated[
    str | None, typer.Option(help="Only this action, or a prefix such as 'webhook.*'.")
]
Actor = Annotated[str | None, typer.Option(help="Only by this API key (its id).")]
Resource = Annotated[
    str | None,
    typer.Option(
        help="Only of this thing: its id, or a function's name, with its versions and secrets."
    ),
]
Outcome = Annotated[str | None, typer.Option(help="started, done, refused or unknown.")]

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_all(  # noqa: PLR0913 - each option of the command is a parameter
    *,
    since: Since = None,
    until: Until = None,
    action: Action = None,
    actor: Actor = None,
    resource: Resource = None,
    outcome: Outcome = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List changes: who made them and what came of them, the newest first."""
    query = {
        "since": _times.parse(since),
        "until": _times.parse(until),
        "action": action,
        "actor": actor,
        "resource": resource,
        "outcome": outcome,
    }
    entries = list(client.connect().each("/v1/audit", query, limit=limit))
    _output.show(
        {"data": entries},
        as_json=as_json,
        human=lambda: _output.table([*map(row, entries)], COLUMNS),
    )


@app.command()
def show(
    entry_id: Annotated[str, typer.Argument(help="The entry's id (aud_…), as a list shows it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show a change, with what differs before and after it."""
    entry = client.connect().get(f"/v1/audit/{client.segment(entry_id)}")
    _output.show(entry, as_json=as_json, human=lambda: lines(entry))


@app.command()
def tail(
    *,
    action: Action = None,
    actor: Actor = None,
    resource: Resource = None,
    outcome: Outcome = None,
    for_s: ForS = None,
    as_json: AsJson = False,
) -> None:
    """Show changes as they begin and end; with --json all of them at the end."""
    query = {"action": action, "actor": actor, "resource": resource, "outcome": outcome}
    rows = changes(client.connect(), "/v1/audit", query, began=datetime.now(UTC), for_s=for_s)
    _follow.tail(rows, lines=_lines, as_json=as_json)


def lines(entry: Mapping[str, Any]) -> Iterable[str]:
    """An entry for people: who did what, and the fields that differ, before and after."""
    head = {**row(entry), "request_id": entry["request_id"], "ended_at": entry["ended_at"]}
    yield from _output.record(head)
    diff = _diff.unified(
        list(_fields(entry, "before")),
        list(_fields(entry, "after")),
        before_name="before",
        after_name="after",
    )
    if entry["outcome"] == "done" and diff:
        yield ""
        yield from _diff.coloured(diff) if _terminal.has_colours() else diff


def _fields(entry: Mapping[str, Any], side: str) -> Iterator[str]:
    """Lines with the fields of a thing that tell its two sides apart."""
    document: Mapping[str, Any] = entry[side] or {}
    both = entry["before"] is not None and entry["after"] is not None
    names = entry["changed"] if both else [name for name in document if name != "etag"]
    for name in names:
        value = json.dumps(document.get(name), ensure_ascii=False, indent=2)
        yield from f"{name}: {value}".split("\n")


def row(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as a line of a table shows it."""
    return {
        **{name: entry[name] for name in COLUMNS},
        "actor": entry["actor"]["name"],
        "resource": entry["resource"]["id"],
    }


def _lines(entry: Mapping[str, Any]) -> Iterable[str]:
    cells = row(entry)
    yield "  ".join(_output.cell(cells[name]) for name in COLUMNS)
