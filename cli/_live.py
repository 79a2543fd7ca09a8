"""What a shell may complete: the names and ids that the API knows now.

A shell asks at each press of a key. So the API has a second to answer, nothing is tried again, and
whatever goes wrong there are no names, and no word of why.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Final

import typer

from cli import _config, _connection, client
from cli._errors import CommandFailed, WrongUsage

TIMEOUT_S: Final = 1.0
LIMIT: Final = 200  # more than anybody reads below a prompt, and one page of the API
# Shells evaluate what they are given, and a name is what a tenant has made it.
_SAFE: Final = re.compile(r"[A-Za-z0-9_.-]+")
Completion = tuple[str, str]  # what is put in, and what a shell may show beside it


def webhooks(ctx: typer.Context) -> list[Completion]:
    """The ids of webhooks, with their names."""
    return list(_known(ctx, "/v1/webhooks", "id", "name"))


def functions(ctx: typer.Context) -> list[Completion]:
    """The names of functions, with their engines."""
    return list(_known(ctx, "/v1/functions", "name", "engine"))


def syncs(ctx: typer.Context) -> list[Completion]:
    """The ids of syncs, with their names."""
    return list(_known(ctx, "/v1/syncs", "id", "name"))


def transforms(ctx: typer.Context) -> list[Completion]:
    """The ids of data transforms, with their names."""
    return list(_known(ctx, "/v1/transforms", "id", "name"))


def connections() -> list[str]:
    """The names of connections."""
    try:
        return [*_config.load().connections, _config.LOCAL]
    except WrongUsage:
        return []


def _known(ctx: typer.Context, path: str, value: str, beside: str) -> Iterator[Completion]:
    # While it completes, the command's own callback does not run, and has chosen no connection.
    _connection.CHOSEN.set(ctx.find_root().params.get("connection"))
    try:
        api = client.Client(_connection.find(), timeout_s=TIMEOUT_S, tries=1)
        rows = list(api.each(path, limit=LIMIT))
    except CommandFailed:
        return
    for row in rows:
        if _SAFE.fullmatch(row[value]):
            yield row[value], " ".join(_SAFE.findall(str(row[beside] or "")))


WebhookId = Annotated[str, typer.Argument(help="The webhook's id.", autocompletion=webhooks)]
SyncId = Annotated[str, typer.Argument(help="The sync's id.", autocompletion=syncs)]
TransformId = Annotated[
    str, typer.Argument(help="The data transform's id.", autocompletion=transforms)
]
