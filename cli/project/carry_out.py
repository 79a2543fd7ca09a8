"""Carries a plan out: step by step, each under the ETag of the thing that was compared."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cli import client
from cli._errors import CommandFailed
from cli.client import Client
from cli.project import carry_functions, sealed
from cli.project.plan import Action, Kind, Step

STALE: Final = "precondition_failed"  # the API's code for a thing that has another ETag by now
_DONE: Final = {Action.CREATE: "created", Action.CHANGE: "changed", Action.DELETE: "deleted"}


def open_secrets(steps: Sequence[Step], environment: Mapping[str, str]) -> list[Any]:
    """The body of each step with its secrets from the environment.

    Raises:
        WrongUsage: code `no_secret`: a variable is not set.
    """
    return [
        sealed.opened(step.body, environment, at=f"{step.kind} {step.name!r}") for step in steps
    ]


def carry_out(
    steps: Sequence[Step],
    bodies: Sequence[Any],
    api: Client,
    *,
    tell: Callable[[Step, Mapping[str, Any]], object],
) -> None:
    """Do each step in turn.

    Args:
        steps: those that change something.
        bodies: what each of them sends, by `open_secrets`.
        api: where.
        tell: gets each step that is done, with the thing as the API answers it.

    Raises:
        CommandFailed: a step was refused, with the API's own code; it and those after it are not
            done. Code `precondition_failed`: somebody has changed the thing since the comparison.
    """
    for step, body in zip(steps, bodies, strict=True):
        try:
            answer = _do(step, body, api)
        except CommandFailed as refusal:
            raise _explained(step, refusal) from refusal
        tell(step, answer)


def _do(step: Step, body: Mapping[str, Any], api: Client) -> Any:
    if step.kind is Kind.FUNCTION:
        return carry_functions.carry_out(step, body, api)
    if step.id is None:
        return _create(step, body, api)
    path = f"{step.kind.path}/{client.segment(step.id)}"
    if step.action is Action.DELETE:
        api.delete(path, if_match=step.etag)
        return {"id": step.id}
    if step.kind is Kind.SYNC:
        return _change_sync(body, api, path=path, etag=step.etag)
    return api.patch(path, body, if_match=step.etag)


def _create(step: Step, body: Mapping[str, Any], api: Client) -> Any:
    match step.kind:
        case Kind.SYNC:
            return _create_sync(step, body, api)
        case Kind.KEY:
            return _create_key(body, api)
        case _:
            return api.post(step.kind.path, body)


def _create_sync(step: Step, body: Mapping[str, Any], api: Client) -> Any:
    settings = {name: value for name, value in body.items() if name != "enabled"}
    sync = api.post("/v1/syncs", {"name": step.name, **settings})
    if body.get("enabled") is False:
        return _switch(api, f"/v1/syncs/{sync['id']}", enabled=False, etag=sync["etag"])
    return sync


def _change_sync(body: Mapping[str, Any], api: Client, *, path: str, etag: str | None) -> Any:
    settings = {name: value for name, value in body.items() if name != "enabled"}
    answer: Any = None
    if settings:
        answer = api.patch(path, settings, if_match=etag)
        etag = answer["etag"]
    return _switch(api, path, enabled=body["enabled"], etag=etag) if "enabled" in body else answer


def _switch(api: Client, path: str, *, enabled: bool, etag: str | None) -> Any:
    return api.post(f"{path}/{'resume' if enabled else 'pause'}", if_match=etag)


def _create_key(body: Mapping[str, Any], api: Client) -> Any:
    settings = {name: value for name, value in body.items() if name != "webhook"}
    if "webhook" in body:
        # By its name, because the webhook may be made by a step before.
        rows = [
            row
            for row in api.each("/v1/webhooks", limit=sys.maxsize)
            if row["name"] == body["webhook"]
        ]
        if len(rows) != 1:
            raise CommandFailed(
                f"the tenant has {len(rows)} webhooks called {body['webhook']!r}, and the key is"
                " for one",
                code="ambiguous_name",
            )
        settings["webhook_id"] = rows[0]["id"]
    return api.post("/v1/api-keys", settings)


def _explained(step: Step, refusal: CommandFailed) -> CommandFailed:
    what = f"{step.kind} {step.name!r}" + (f" ({step.id})" if step.id else "")
    if refusal.code == STALE:
        message = (
            f"{what} has been changed by somebody since it was compared, and is left as it is;"
            " run this again to compare anew"
        )
    else:
        message = f"{what} is not {_DONE[step.action]}: {refusal.message}"
    return CommandFailed(message, code=refusal.code, details=refusal.details)
