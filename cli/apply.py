"""`penstock apply`: makes the webhooks and syncs of a `penstock.toml` what the file says."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import _diff, _output, _terminal, client
from cli._errors import CommandFailed, WrongUsage
from cli._output import AsJson
from cli.project import carry_out
from cli.project.document import FILE
from cli.project.plan import Action, Plan, Step
from cli.project.project import load_project

DIFFERS: Final = 3  # the exit code of --check where something is to be done
_SIGNS: Final = {Action.CREATE: "+", Action.CHANGE: "~", Action.SAME: "="}
_DONE: Final = {Action.CREATE: "created", Action.CHANGE: "changed", Action.SAME: "left"}


def apply(
    folder: Annotated[
        Path, typer.Argument(help="The folder with the penstock.toml; this one when left out.")
    ] = Path(),
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Change without asking.")] = False,
    only_plan: Annotated[
        bool, typer.Option("--plan", "--dry-run", help="Print what would be done, and end.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="As --plan, with exit code 3 if anything differs.")
    ] = False,
    send_secrets: Annotated[
        bool,
        typer.Option(
            "--send-secrets",
            help="Send headers, logins and certificates again; their values cannot be compared.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the webhooks and syncs of a penstock.toml what the file says; plan, ask, and change.

    Each is matched by its name. What the file does not name stays, and is listed. A created
    webhook's signing secret is printed once, here; with --json as `secret` in `applied`.
    """
    project = load_project(folder / FILE)
    api = client.connect()
    plan = carry_out.compare(project, api, send_secrets=send_secrets)
    if not as_json:
        shown = list(lines(plan))
        for line in _diff.coloured(shown) if _terminal.has_colours() else shown:
            _output.say(line)
    applied: list[dict[str, Any]] = []
    if plan.to_do and not only_plan and not check:
        bodies = carry_out.open_secrets(plan.to_do, os.environ)
        _confirm(yes=yes, as_json=as_json)
        _carry_out(plan.to_do, bodies, api, applied, as_json=as_json)
    document = {"file": str(project.path), **to_json(plan), "applied": applied}
    _output.show(document, as_json=as_json, human=list)
    if check and plan.to_do:
        raise typer.Exit(DIFFERS)


def to_json(plan: Plan) -> dict[str, Any]:
    """The plan as `--json` prints it."""
    return {
        "plan": [step.to_json() for step in plan.steps],
        "not_in_file": [{**asdict(other), "kind": str(other.kind)} for other in plan.not_in_file],
    }


def lines(plan: Plan) -> Iterable[str]:
    """The plan for people."""
    for step in plan.steps:
        at = f" ({step.id})" if step.id else ""
        yield f"{_SIGNS[step.action]} {step.kind} {step.name}{at}"
        for change in step.changes:
            after = _output.cell(change.after)
            before = f"{_output.cell(change.before)} → " if step.action is Action.CHANGE else ""
            yield f"    {change.field}: {before}{after}"
    for other in plan.not_in_file:
        yield f"not in the file, and left alone: {other.kind} {other.name} ({other.id})"
    counts = [sum(step.action is action for step in plan.steps) for action in Action]
    yield "{} to create, {} to change, {} the same".format(*counts)


def _confirm(*, yes: bool, as_json: bool) -> None:
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise WrongUsage(
            "nothing is changed: there is no terminal to ask on; --yes changes without asking,"
            " --plan only shows what would be done",
            code="not_confirmed",
        )
    if not typer.confirm("Make these changes?", err=True):
        raise CommandFailed("nothing was changed", code="not_confirmed")


def _carry_out(
    steps: Sequence[Step],
    bodies: Sequence[Any],
    api: client.Client,
    applied: list[dict[str, Any]],
    *,
    as_json: bool,
) -> None:
    """Do the steps, and note each in `applied` when it is done."""

    def tell(step: Step, answer: Mapping[str, Any]) -> None:
        applied.append(_applied(step, answer))
        for line in () if as_json else _done(step, answer):
            _output.say(line)

    try:
        carry_out.carry_out(steps, bodies, api, tell=tell)
    except CommandFailed as failure:
        done = ", ".join(f"{each['kind']} {each['name']}" for each in applied) or "nothing"
        # A secret that was made is shown in `applied` or never.
        details = {**failure.details, "applied": applied}
        message = f"{failure.message}. Done before: {done}"
        raise CommandFailed(message, code=failure.code, details=details) from failure


def _applied(step: Step, answer: Mapping[str, Any]) -> dict[str, Any]:
    document = {**step.to_json(), "id": answer["id"]}
    if "secret" in answer:
        document["secret"] = answer["secret"]
    return document


def _done(step: Step, answer: Mapping[str, Any]) -> Iterable[str]:
    yield f"{_DONE[step.action]} {step.kind} {step.name} ({answer['id']})"
    if answer.get("secret"):
        yield f"    signing secret, shown only now: {answer['secret']}"
