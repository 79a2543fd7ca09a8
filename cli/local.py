"""`penstock local`: a cloud of your own on this machine."""

import json
import sys
from typing import Annotated, Any

import typer

from infra.local import cloud
from infra.local.cloud import LocalCloud, Options
from infra.local.place import Place
from runtime.errors import BadInput, PenstockError

app = typer.Typer(
    no_args_is_help=True, help="A cloud of your own on this machine: loopback only, no account."
)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, nothing else.")]


@app.command()
def up(
    *,
    as_json: AsJson = False,
    allow_local_http: Annotated[
        bool,
        typer.Option("--allow-local-http", help="Let webhooks and functions reach loopback."),
    ] = False,
    tenant: Annotated[str, typer.Option(help="The tenant of the first key.")] = cloud.TENANT,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the template."),
    ] = None,
) -> None:
    """Start the emulators and deploy the template; about half a minute."""
    try:
        options = Options(
            allow_local_http=allow_local_http, tenant=tenant, parameters=_pairs(settings or [])
        )
        raised = cloud.up(options, place=Place(), say=_say)
    except PenstockError as problem:
        raise _failed(problem, as_json=as_json) from problem
    _show(raised.to_json(), as_json=as_json)


@app.command()
def down(*, as_json: AsJson = False) -> None:
    """Stop everything that `up` started, and forget it."""
    try:
        was_running = cloud.down(Place())
    except PenstockError as problem:
        raise _failed(problem, as_json=as_json) from problem
    _show({"was_running": was_running}, as_json=as_json)


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """What is running; exit 1 when nothing is."""
    found = cloud.status(Place())
    where: LocalCloud | None = found.cloud
    document: dict[str, Any] = {"running": found.running}
    document["processes"] = [
        {"name": each.name, "pid": each.pid, "alive": each.alive} for each in found.processes
    ]
    _show(document | (where.to_json() if where is not None else {}), as_json=as_json)
    if not found.running:
        raise typer.Exit(1)


def _pairs(settings: list[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in settings]
    if any(not name or not equals for name, equals, _ in pairs):
        raise BadInput("--set takes NAME=VALUE", field="set")
    return {name: text for name, _, text in pairs}


def _show(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(document) + "\n")
        return
    for name, shown in document.items():
        sys.stdout.write(f"{name + ':':20}{shown}\n")


def _say(line: str) -> None:
    sys.stderr.write(f"local: {line}\n")
    sys.stderr.flush()


def _failed(problem: PenstockError, *, as_json: bool) -> typer.Exit:
    if as_json:
        document = {"error": {"code": problem.code, "message": problem.message}}
        sys.stdout.write(json.dumps(document) + "\n")
    sys.stderr.write(f"penstock: {problem.message}\n")
    return typer.Exit(1)
