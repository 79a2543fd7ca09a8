"""Carries a plan out: one call a step, each under the ETag of the thing that was compared."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cli import client
from cli._errors import CommandFailed
from cli.client import Client
from cli.project import plan, sealed
from cli.project.plan import Action, Kind, Plan, Step
from cli.project.project import Project
from cli.project.webhooks import DeclaredWebhook

STALE: Final = "precondition_failed"  # the API's code for a thing that has another ETag by now


def compare(project: Project, api: Client, *, send_secrets: bool = False) -> Plan:
    """What is to be done so that the tenant has what the file says.

    Raises:
        CommandFailed: code `ambiguous_name`, `cannot_change` or `unknown_function`; or the API
            refuses to list something.
    """
    of_webhooks = plan.of_webhooks(
        project.webhooks, _all(api, "/v1/webhooks"), send_secrets=send_secrets
    )
    of_syncs = plan.of_syncs(project.syncs, _all(api, "/v1/syncs"))
    _check_transforms(project.webhooks, api)
    return Plan(
        steps=of_webhooks.steps + of_syncs.steps,
        not_in_file=of_webhooks.not_in_file + of_syncs.not_in_file,
    )


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
        tell: gets each step that is done, with the webhook or the sync as the API answers it.

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


def _all(api: Client, path: str) -> list[Any]:
    return list(api.each(path, limit=sys.maxsize))


def _do(step: Step, body: Mapping[str, Any], api: Client) -> Any:
    path = f"/v1/{step.kind}s"
    if step.id is None:
        return api.post(path, body) if step.kind is Kind.WEBHOOK else _create_sync(step, body, api)
    path = f"{path}/{client.segment(step.id)}"
    match step.kind:
        case Kind.WEBHOOK:
            return api.patch(path, body, if_match=step.etag)
        case Kind.SYNC:
            return _change_sync(body, api, path=path, etag=step.etag)


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


def _check_transforms(declared: Sequence[DeclaredWebhook], api: Client) -> None:
    """Refuse transforms that no version of a function could make."""
    transforms = {each.settings["transform"]: each for each in reversed(declared)}
    transforms.pop(None, None)
    if not transforms:
        return
    functions = {row["name"]: row for row in _all(api, "/v1/functions")}
    for name, webhook in transforms.items():
        function = functions.get(name)
        if function is None or function["deleted_at"] is not None:
            state, remedy = "does not exist", f"push {name}.py --publish"
        elif function["live_version"] is None:
            state, remedy = "is not published", f"publish {name}"
        else:
            continue
        raise CommandFailed(
            f"webhooks.{webhook.name}.transform: the function {name!r} {state};"
            f" `penstock functions {remedy}` makes it live",
            code="unknown_function",
        )


def _explained(step: Step, refusal: CommandFailed) -> CommandFailed:
    what = f"{step.kind} {step.name!r}" + (f" ({step.id})" if step.id else "")
    if refusal.code == STALE:
        message = (
            f"{what} has been changed by somebody since it was compared, and is left as it is;"
            " run this again to compare anew"
        )
    else:
        verb = "created" if step.action is Action.CREATE else "changed"
        message = f"{what} is not {verb}: {refusal.message}"
    return CommandFailed(message, code=refusal.code, details=refusal.details)
