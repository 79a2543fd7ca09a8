"""Makes one function what a file declares: its settings, its secrets, its code, what is live.

Whatever is refused on the way, the next comparison goes on from there: each call is one that may be
made again.
"""

from collections.abc import Mapping
from typing import Any

from cli import client
from cli.client import Client
from cli.project.plan import Action, Step


def carry_out(step: Step, body: Mapping[str, Any], api: Client) -> Mapping[str, Any]:
    """Do a step that is about a function.

    Args:
        step: it.
        body: what `plan_functions` has put into it, with the values of secrets.
        api: where.

    Returns:
        The function, with its name as `id`, and `findings`, the hints about its source.

    Raises:
        CommandFailed: the API refuses a call; for a refused source with `findings`.
    """
    path = f"/v1/functions/{client.segment(step.name)}"
    if step.action is Action.DELETE:
        return {**api.delete(path, if_match=step.etag), "id": step.id}
    function = _with_settings(step, body, api, path=path)
    for name, value in body["secret_values"].items():
        api.put(f"{path}/secrets/{client.segment(name)}", {"value": value})
    findings: list[Any] = []
    if body["source"] is not None:
        version = api.post(f"{path}/versions", {"source": body["source"]})
        findings = version["findings"]
        if body["publish"]:
            api.post(f"{path}/publish", {"version": version["version"]})
    if body["enabled"] is not None:
        api.post(f"{path}/{'enable' if body['enabled'] else 'disable'}")
    is_whole = not body["secret_values"] and body["source"] is None and body["enabled"] is None
    shown = function if is_whole else api.get(path)
    return {**shown, "id": step.name, "findings": findings}


def _with_settings(step: Step, body: Mapping[str, Any], api: Client, *, path: str) -> Any:
    """The function with its settings, under the ETag of what was compared."""
    if step.action is Action.CREATE:
        return api.post("/v1/functions", {"name": step.name, **body["settings"]})
    function: Any = None
    etag = step.etag
    if body["restore"]:
        function = api.post(f"{path}/restore", if_match=etag)
        etag = function["etag"]
    # Also where no setting differs: so nobody's change since the comparison is passed over.
    return api.patch(path, body["settings"], if_match=etag)
