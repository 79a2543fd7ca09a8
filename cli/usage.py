"""`penstock usage`: what a tenant uses, day by day."""

from dataclasses import fields
from typing import Annotated, Final

import typer

from cli import _output, client
from cli._output import AsJson
from runtime.core.usage.usage import Usage

COLUMNS: Final = tuple(each.name for each in fields(Usage) if each.name != "tenant")


def usage(
    *,
    since: Annotated[str | None, typer.Option("--from", help="This day and later ones.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="This day and earlier ones.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what your tenant used on each day that has ended: events, deliveries, runs, bytes.

    Days are in UTC, such as 2026-11-20. A day is counted within the next, and one on which
    nothing was used has no line.
    """
    query = {name: day for name, day in (("from", since), ("to", until)) if day is not None}
    days = client.connect().get("/v1/usage", query)
    _output.show(days, as_json=as_json, human=lambda: _output.table(days["data"], COLUMNS))
