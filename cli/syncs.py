"""`penstock syncs`."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import _files, _output, _syncs, client, jobs
from cli._errors import WrongUsage
from cli._live import SyncId
from cli._output import AsJson

LOADS: Final = (
    *("started_at", "load_id", "state", "trigger", "rows_in", "rows_new", "discarded", "error"),
)

Schedule = Annotated[
    str | None,
    typer.Option(
        help="When it is due: 'every 15 minutes', 'daily at 03:30 Europe/Berlin' or 'manual'."
    ),
]
SelectionFile = Annotated[
    Path | None,
    typer.Option(
        help="A TOML or JSON file with `tables`, `include_topics`, `exclude_topics` and `columns`."
    ),
]
# Not options of their own: a password among a command's arguments is seen by everybody on the
# machine, and stays in the shell's history.
SettingsFile = Annotated[
    Path | None,
    typer.Option(
        help="A TOML or JSON file with what a destination of your own is told, `-` for JSON on"
        " standard input."
    ),
]

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What people call it.")],
    kind: Annotated[
        str, typer.Option(help="s3, redshift, postgresql, bigquery, snowflake or synapse.")
    ] = "redshift",
    *,
    schedule: Schedule = None,
    selection: SelectionFile = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Create a sync; it loads at its schedule's slots from then on, every hour if none is given."""
    files = _read(selection=selection, settings=settings)
    body = {"name": name, "kind": kind, **_given(schedule=schedule), **files}
    sync = client.connect().post("/v1/syncs", body)
    _output.show(sync, as_json=as_json, human=lambda: _output.record(sync))


@app.command("list")
def list_all(
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List syncs, how far behind each is, and what to do where one fails."""
    syncs = list(client.connect().each("/v1/syncs", limit=limit))
    rows = map(_syncs.row, syncs)
    _output.show(
        {"data": syncs},
        as_json=as_json,
        human=lambda: _output.table(list(rows), _syncs.LISTED),
    )


@app.command()
def show(sync_id: SyncId, *, as_json: AsJson = False) -> None:
    """Show a sync: how far behind it is, and its last error with what to do."""
    sync = client.connect().get(f"/v1/syncs/{client.segment(sync_id)}")
    _output.show(sync, as_json=as_json, human=lambda: _syncs.shown(sync))


@app.command()
def update(  # noqa: PLR0913 - options of a command
    sync_id: SyncId,
    *,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    schedule: Schedule = None,
    selection: SelectionFile = None,
    settings: SettingsFile = None,
    if_match: client.IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Change a sync's name, schedule, columns, or settings such as a password."""
    files = _read(selection=selection, settings=settings)
    body = {**_given(name=name, schedule=schedule), **files}
    if not body:
        raise WrongUsage(
            "name something to change: --name, --schedule, --selection or --settings",
            code="bad_update",
        )
    path = f"/v1/syncs/{client.segment(sync_id)}"
    sync = client.connect().patch(path, body, if_match=if_match)
    _output.show(sync, as_json=as_json, human=lambda: _output.record(sync))


@app.command()
def pause(sync_id: SyncId, *, if_match: client.IfMatch = None, as_json: AsJson = False) -> None:
    """Pause a sync; a load that has begun goes on to its end, and no other begins."""
    sync = client.connect().post(f"/v1/syncs/{client.segment(sync_id)}/pause", if_match=if_match)
    hint = f"{sync['id']} is paused; `penstock syncs resume {sync['id']}` lets it load again"
    _output.show(sync, as_json=as_json, human=lambda: [hint])


@app.command()
def resume(sync_id: SyncId, *, if_match: client.IfMatch = None, as_json: AsJson = False) -> None:
    """Resume a sync; its next load begins where the last one ended."""
    sync = client.connect().post(f"/v1/syncs/{client.segment(sync_id)}/resume", if_match=if_match)
    hint = f"{sync['id']} is resumed; `penstock syncs run {sync['id']}` need not wait for its slot"
    _output.show(sync, as_json=as_json, human=lambda: [hint])


@app.command()
def delete(
    sync_id: SyncId,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Although a load of it is not finished.")
    ] = False,
    if_match: client.IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Delete a sync; what it has loaded stays where it is."""
    query = {"force": "true"} if force else None
    client.connect().delete(f"/v1/syncs/{client.segment(sync_id)}", query, if_match=if_match)
    deleted = {"deleted": sync_id}
    _output.show(deleted, as_json=as_json, human=lambda: _output.record(deleted))


@app.command()
def run(sync_id: SyncId, *, as_json: AsJson = False) -> None:
    """Run a sync now instead of at its next slot; does not wait for it to end."""
    sync = client.connect().post(f"/v1/syncs/{client.segment(sync_id)}/run")
    _output.show(sync, as_json=as_json, human=lambda: [f"started {sync['id']} ({sync['name']})"])


@app.command()
def backfill(
    sync_id: SyncId,
    *,
    since: Annotated[
        str | None, typer.Option(help="Rows that arrived at or after this time, RFC 3339.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Rows that arrived before this time, RFC 3339.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until the job has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Load again what a sync has loaded and is still kept; a job, see `penstock jobs`."""
    api = client.connect()
    given = {"since": since, "until": until}
    body = {field: value for field, value in given.items() if value is not None}
    job = api.post(f"/v1/syncs/{client.segment(sync_id)}/backfill", body)
    jobs.follow(api, job, wait=wait, as_json=as_json)


@app.command()
def runs(
    sync_id: SyncId,
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List a sync's latest loads: the rows that went in, the new and the discarded ones."""
    path = f"/v1/syncs/{client.segment(sync_id)}/runs"
    loads = list(client.connect().each(path, limit=limit))
    _output.show({"data": loads}, as_json=as_json, human=lambda: _output.table(loads, LOADS))


@app.command("skip-gap")
def skip_gap(
    sync_id: SyncId,
    *,
    first_seq: Annotated[
        int, typer.Option(min=1, help="Where the gap begins, as `syncs show` says.")
    ],
    as_json: AsJson = False,
) -> None:
    """Let a sync go on behind a gap, without the rows that are gone."""
    path = f"/v1/syncs/{client.segment(sync_id)}/skip-gap"
    sync = client.connect().post(path, {"first_seq": first_seq})
    lost = sync["skipped"][-1]
    hint = f"{sync['id']} goes on without {lost['rows']} rows, which stay on record as lost"
    _output.show(sync, as_json=as_json, human=lambda: [hint])


def _given(**options: str | None) -> dict[str, str]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def _read(**files: Path | None) -> dict[str, Any]:
    """The fields of a request's body that files make; a file that is not given makes none.

    Raises:
        WrongUsage: a file cannot be read, or is neither TOML nor JSON. The message shows nothing
            of it.
    """
    return {name: _read_one(file) for name, file in files.items() if file is not None}


def _read_one(file: Path) -> Any:
    if file.suffix != ".toml":
        return _files.read_json(file)
    try:
        return tomllib.loads(_files.read_text(file))
    except tomllib.TOMLDecodeError as problem:
        # Not its message, which may repeat a part of a password.
        raise WrongUsage(f"{file} is not TOML", code="not_toml") from problem
