"""`penstock functions enable|disable|delete|restore`: whether a function runs, and how it ends."""

import sys
from typing import Annotated, Any

import typer

from cli import _output, client
from cli._output import AsJson
from cli.function_versions import Name


def enable(name: Name, *, if_match: client.IfMatch = None, as_json: AsJson = False) -> None:
    """Switch a function on; what it missed can be run again."""
    function = client.connect().post(
        f"/v1/functions/{client.segment(name)}/enable", if_match=if_match
    )
    _output.show(function, as_json=as_json, human=lambda: [f"{name} is enabled"])


def disable(name: Name, *, if_match: client.IfMatch = None, as_json: AsJson = False) -> None:
    """Switch a function off; its events are recorded as skipped runs."""
    function = client.connect().post(
        f"/v1/functions/{client.segment(name)}/disable", if_match=if_match
    )
    hint = f"{name} is disabled; `penstock functions enable {name}` switches it on again"
    _output.show(function, as_json=as_json, human=lambda: [hint])


def delete(
    name: Name,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Although webhooks name it as their transform.")
    ] = False,
    if_match: client.IfMatch = None,
    as_json: AsJson = False,
) -> None:
    """Delete a function; for seven days it can be restored. On a terminal it asks first."""
    if sys.stdin.isatty() and not yes:
        typer.confirm(f"Delete {name}? Its events are skipped from now on.", abort=True, err=True)
    query = {"force": "true"} if force else None
    function = client.connect().delete(
        f"/v1/functions/{client.segment(name)}", query, if_match=if_match
    )
    _output.show(function, as_json=as_json, human=lambda: [_deleted(function)])


def restore(name: Name, *, if_match: client.IfMatch = None, as_json: AsJson = False) -> None:
    """Take the deletion of a function back; it is as it was before."""
    function = client.connect().post(
        f"/v1/functions/{client.segment(name)}/restore", if_match=if_match
    )
    state = "enabled" if function["enabled"] else "disabled"
    _output.show(function, as_json=as_json, human=lambda: [f"{name} is back, and {state}"])


def _deleted(function: Any) -> str:
    name, day = function["name"], function["purged_at"]
    return f"{name} is deleted; until {day} `penstock functions restore {name}` brings it back"
