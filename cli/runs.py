"""`penstock functions logs`: what functions did."""

from typing import Annotated, Any, Final

import typer

from cli import _output, client
from cli._output import AsJson
from cli.function_versions import Name

app = typer.Typer(no_args_is_help=True, help="Runs: one event through one function.")
RUN_COLUMNS: Final = (
    "created_at", "id", "version", "outcome", "duration_ms", "engine", "isolation",
    "event_id", "topic",
)  # fmt: skip


def logs(
    name: Name,
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most this many runs.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show a function's latest runs with what they logged."""
    runs = list(client.connect().each(f"/v1/functions/{client.segment(name)}/runs", limit=limit))
    _output.show({"data": runs}, as_json=as_json, human=lambda: _log_lines(runs))


def _log_lines(runs: list[Any]) -> list[str]:
    lines: list[str] = []
    for run in runs:
        lines.append("  ".join(_output.cell(run[column]) for column in RUN_COLUMNS))
        if run["error"]:
            lines.append(f"    {run['error'].get('type')}: {run['error'].get('message')}")
        lines += [
            f"    {log.get('message')} {log.get('fields') or ''}".rstrip() for log in run["logs"]
        ]
    return lines or ["(no runs)"]
