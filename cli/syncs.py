"""`penstock syncs`."""

from typing import Annotated, Final

import typer

from cli import _output, client
from cli._errors import WrongUsage
from cli._live import SyncId
from cli._output import AsJson

COLUMNS: Final = ("id", "name", "kind", "schedule", "enabled", "schema")
LOADS: Final = ("started_at", "load_id", "state", "trigger", "tables", "error")

Schedule = Annotated[
    str | None,
    typer.Option(
        help="When it is due: 'every 15 minutes', 'daily at 03:30 Europe/Berlin' or 'manual'."
    ),
]

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What people call it.")],
    kind: Annotated[str, typer.Option(help="s3 or redshift.")] = "redshift",
    *,
    schedule: Schedule = None,
    as_json: AsJson = False,
) -> None:
    """Create a sync; it loads at its schedule's slots from then on, every hour if none is given."""
    body = {"name": name, "kind": kind, "schedule": schedule}
    given = {field: value for field, value in body.items() if value is not None}
    sync = client.connect().post("/v1/syncs", given)
    _output.show(sync, as_json=as_json, human=lambda: _output.record(sync))


@app.command("list")
def list_all(
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List syncs."""
    syncs = list(client.connect().each("/v1/syncs", limit=limit))
    _output.show({"data": syncs}, as_json=as_json, human=lambda: _output.table(syncs, COLUMNS))


@app.command()
def show(sync_id: SyncId, *, as_json: AsJson = False) -> None:
    """Show a sync."""
    sync = client.connect().get(f"/v1/syncs/{client.segment(sync_id)}")
    _output.show(sync, as_json=as_json, human=lambda: _output.record(sync))


@app.command()
def update(
    sync_id: SyncId,
    *,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    schedule: Schedule = None,
    if_match: client.IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Rename a sync, or give it another schedule."""
    changes = {"name": name, "schedule": schedule}
    body = {field: value for field, value in changes.items() if value is not None}
    if not body:
        raise WrongUsage("name something to change: --name or --schedule", code="bad_update")
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
def runs(
    sync_id: SyncId,
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List a sync's latest loads."""
    path = f"/v1/syncs/{client.segment(sync_id)}/runs"
    loads = list(client.connect().each(path, limit=limit))
    _output.show({"data": loads}, as_json=as_json, human=lambda: _output.table(loads, LOADS))
