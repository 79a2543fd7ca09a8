"""`penstock keys`."""

from typing import Annotated, Final

import typer

from cli import _output, client
from cli._output import AsJson

COLUMNS: Final = ("name", "scopes", "created_at", "sha256")

app = typer.Typer(no_args_is_help=True, help="API keys of your tenant.")


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What people call it.")],
    scope: Annotated[list[str], typer.Option(help="What it may reach; repeatable.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Create an API key; it is printed once, here."""
    key = client.connect().post("/v1/api-keys", {"name": name, "scopes": scope})
    _output.show(key, as_json=as_json, human=lambda: _output.record(key))


@app.command("list")
def list_all(
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List API keys by their hashes."""
    keys = list(client.connect().each("/v1/api-keys", limit=limit))
    _output.show({"data": keys}, as_json=as_json, human=lambda: _output.table(keys, COLUMNS))
