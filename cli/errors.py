"""`penstock functions errors`: what functions fail with."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from cli import _output, client
from cli._output import AsJson
from cli.function_versions import Name

COLUMNS: Final = ("last_seen", "count", "version", "type", "line", "run_id", "message")


def errors(
    name: Name,
    *,
    version: Annotated[int | None, typer.Option(min=0, help="Of this version alone.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many groups.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List what a function fails with: one line for each type of error and line of its source.

    The group that failed last comes first; `run_id` is its newest run.
    """
    query = {} if version is None else {"version": version}
    groups = list(
        client.connect().each(f"/v1/functions/{client.segment(name)}/errors", query, limit=limit)
    )
    _output.show(
        {"data": groups},
        as_json=as_json,
        human=lambda: _output.table([_row(each) for each in groups], COLUMNS),
    )


def _row(group: Mapping[str, Any]) -> Mapping[str, Any]:
    """The group with the first line of its message, so that it takes one line itself."""
    return {**group, "message": next(iter(group["message"].splitlines()), "")}
