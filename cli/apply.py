"""`penstock apply`: makes a tenant what a `penstock.toml` or a `penstock.yaml` says."""

import os
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import _diff, _output, _terminal, _times, client, function_values, transforms
from cli._errors import CommandFailed, WrongUsage
from cli._output import AsJson
from cli.project import carry_out, compare
from cli.project.document import of_folder
from cli.project.plan import Action, Kind, Plan, Step
from cli.project.project import load_project

DIFFERS: Final = 3  # the exit code of --check where something is to be done
# What an answer shows once and never again, by its field.
SHOWN_ONCE: Final = {"secret": "signing secret", "key": "API key"}
_SIGNS: Final = {Action.CREATE: "+", Action.CHANGE: "~", Action.SAME: "=", Action.DELETE: "-"}
_DONE: Final = {Action.CREATE: "created", Action.CHANGE: "changed", Action.DELETE: "deleted"}


def apply(  # noqa: PLR0913 - each option of the command is a parameter
    folder: Annotated[
        Path | None,
        typer.Argument(help="A folder with a penstock.toml or penstock.yaml; this one at first."),
    ] = None,
    *,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="The file instead: YAML if it ends with .yaml or .yml."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Change without asking.")] = False,
    only_plan: Annotated[
        bool, typer.Option("--plan", "--dry-run", help="Print what would be done, and end.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="As --plan, with exit code 3 if anything differs.")
    ] = False,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune",
            help="Delete what the file does not name, of each kind that it has a section for.",
        ),
    ] = False,
    send_secrets: Annotated[
        bool,
        typer.Option(
            "--send-secrets",
            help="Send secret values again, such as headers and logins; nobody can compare them.",
        ),
    ] = False,
    hide_secrets: Annotated[
        bool,
        typer.Option(
            "--hide-secrets",
            help="Print no signing secret and no API key that is made: for logs that others read.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a tenant what a file says; print the plan, ask, and change.

    Each thing is matched by its name. What the file does not name stays, and is listed. A created
    webhook's signing secret and a created API key are printed once, here; with --json as `secret`
    and `key` in `applied`.
    """
    project = load_project(_file(folder, file))
    api = client.connect()
    plan = compare.compare(project, api, now=_times.now(), send_secrets=send_secrets, prune=prune)
    if not as_json:
        shown = list(lines(plan))
        for line in _diff.coloured(shown) if _terminal.has_colours() else shown:
            _output.say(line)
    applied: list[dict[str, Any]] = []
    if plan.to_do and not only_plan and not check:
        bodies = carry_out.open_secrets(plan.to_do, os.environ)
        _confirm(plan, yes=yes, as_json=as_json)
        hidden = SHOWN_ONCE if hide_secrets else ()
        _carry_out(plan.to_do, bodies, api, applied, hidden=hidden, as_json=as_json)
        if not as_json and any(step.kind is Kind.TRANSFORM for step in plan.to_do):
            _output.say(transforms.BACKFILL)
    document = {"file": str(project.path), **to_json(plan), "applied": applied}
    _output.show(document, as_json=as_json, human=list)
    if check and plan.to_do:
        raise typer.Exit(DIFFERS)


def _file(folder: Path | None, file: Path | None) -> Path:
    if file is None:
        return of_folder(folder or Path())
    if folder is not None:
        raise WrongUsage("name a folder or a file by -f, not both", code="two_files")
    return file


def to_json(plan: Plan) -> dict[str, Any]:
    """The plan as `--json` prints it."""
    return {
        "plan": [step.to_json() for step in plan.steps],
        "not_in_file": [
            {"kind": str(other.kind), "id": other.id, "name": other.name}
            for other in plan.not_in_file
        ],
    }


def lines(plan: Plan) -> Iterable[str]:
    """The plan for people."""
    for step in plan.steps:
        at = _at(step.name, step.id)
        yield f"{_SIGNS[step.action]} {step.kind} {step.name}{at}"
        for change in step.changes:
            after = _output.cell(change.after)
            before = f"{_output.cell(change.before)} → " if step.action is Action.CHANGE else ""
            yield f"    {change.field}: {before}{after}"
            yield from change.diff
    for other in plan.not_in_file:
        at = _at(other.name, other.id)
        yield f"not in the file, and left alone: {other.kind} {other.name}{at}"
    counts = Counter(step.action for step in plan.steps)
    line = "{} to create, {} to change, {} the same".format(
        *(counts[each] for each in (Action.CREATE, Action.CHANGE, Action.SAME))
    )
    yield f"{line}, {counts[Action.DELETE]} to delete" if counts[Action.DELETE] else line


def _at(name: str, thing_id: str | None) -> str:
    """The id behind a name; of a function the name is the id."""
    return "" if thing_id in (None, name) else f" ({thing_id})"


def _confirm(plan: Plan, *, yes: bool, as_json: bool) -> None:
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise WrongUsage(
            "nothing is changed: there is no terminal to ask on; --yes changes without asking,"
            " --plan only shows what would be done",
            code="not_confirmed",
        )
    gone = [f"{step.kind} {step.name}" for step in plan.to_do if step.action is Action.DELETE]
    question = "Make these changes"
    if gone:
        question = f"{question}, and delete {', '.join(gone)}"
    if not typer.confirm(f"{question}?", err=True):
        raise CommandFailed("nothing was changed", code="not_confirmed")


def _carry_out(
    steps: Sequence[Step],
    bodies: Sequence[Any],
    api: client.Client,
    applied: list[dict[str, Any]],
    *,
    hidden: Collection[str],
    as_json: bool,
) -> None:
    """Do the steps, and note each in `applied` when it is done."""

    def tell(step: Step, whole_answer: Mapping[str, Any]) -> None:
        answer = {name: each for name, each in whole_answer.items() if name not in hidden}
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
    shown_once = {name: answer[name] for name in SHOWN_ONCE if name in answer}
    return {**step.to_json(), "id": answer["id"], **shown_once}


def _done(step: Step, answer: Mapping[str, Any]) -> Iterable[str]:
    yield f"{_DONE[step.action]} {step.kind} {step.name}{_at(step.name, answer['id'])}"
    yield from (f"    {_output.finding(each)}" for each in answer.get("findings", ()))
    if step.action is Action.DELETE:
        return
    for name, what in SHOWN_ONCE.items():
        if answer.get(name):
            yield f"    {what}, shown only now: {answer[name]}"
    if step.kind is Kind.FUNCTION:
        for secret, has_value in answer["secrets"].items():
            if not has_value:
                yield f"    {function_values.without_value(step.name, secret)}"
