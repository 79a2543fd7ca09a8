"""`penstock keys`."""

from typing import Annotated, Final

import typer

from cli import _output, _times, client
from cli._errors import WrongUsage
from cli._output import AsJson

COLUMNS: Final = ("id", "name", "scopes", "webhook_id", "created_at", "expires_at", "last_used_at")
KeyId = Annotated[str, typer.Argument(help="The key's id (key_…), as `keys list` shows it.")]

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What people call it.")],
    *,
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do, such as events:write; repeatable.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Scopes by name: producer, developer, receiver or viewer.")
    ] = None,
    webhook: Annotated[
        str | None, typer.Option(help="The one webhook that it is for (its id).")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="When it ends: a time, or from now on, such as 90d.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create an API key with scopes or a preset; it is printed once, here."""
    wanted = {
        "scopes": scope or None,
        "preset": preset,
        "webhook_id": webhook,
        "expires_at": _times.parse_ahead(expires),
    }
    given = {field: value for field, value in wanted.items() if value is not None}
    key = client.connect().post("/v1/api-keys", {"name": name, **given})
    _output.show(key, as_json=as_json, human=lambda: _output.record(key))


@app.command()
def show(key_id: KeyId, *, as_json: AsJson = False) -> None:
    """Show a key: what it may do, when it ends, and the hour of its last call."""
    key = client.connect().get(f"/v1/api-keys/{client.segment(key_id)}")
    _output.show(key, as_json=as_json, human=lambda: _output.record(key))


@app.command()
def update(
    key_id: KeyId,
    *,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="All that it may do from now on; repeatable.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Scopes by name: producer, developer, receiver or viewer.")
    ] = None,
    if_match: client.IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Change a key's name or what it may do; the key itself stays as it is."""
    wanted = {"name": name, "scopes": scope or None, "preset": preset}
    changes = {field: value for field, value in wanted.items() if value is not None}
    if not changes:
        raise WrongUsage("name something to change", code="bad_update")
    path = f"/v1/api-keys/{client.segment(key_id)}"
    key = client.connect().patch(path, changes, if_match=if_match)
    _output.show(key, as_json=as_json, human=lambda: _output.record(key))


@app.command()
def rotate(
    key_id: KeyId,
    *,
    overlap_s: Annotated[
        int | None, typer.Option(min=0, help="Seconds that both keys work; a day by default.")
    ] = None,
    if_match: client.IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Replace a key by a new one, printed once, here; the old one ends after the overlap."""
    body = {} if overlap_s is None else {"overlap_s": overlap_s}
    key = client.connect().post(
        f"/v1/api-keys/{client.segment(key_id)}/rotate", body, if_match=if_match
    )
    _output.show(key, as_json=as_json, human=lambda: _output.record(key))


@app.command()
def revoke(key_id: KeyId, *, if_match: client.IfMatch = None, as_json: AsJson = False) -> None:
    """Revoke a key at once."""
    client.connect().delete(f"/v1/api-keys/{client.segment(key_id)}", if_match=if_match)
    _output.show({"revoked": key_id}, as_json=as_json, human=lambda: [f"revoked {key_id}"])


@app.command("list")
def list_all(
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List API keys."""
    keys = list(client.connect().each("/v1/api-keys", limit=limit))
    _output.show({"data": keys}, as_json=as_json, human=lambda: _output.table(keys, COLUMNS))
