"""`penstock local`: a cloud of your own on this machine."""

import sys
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

import typer

from cli import _output
from cli._errors import FAILED, CommandFailed, WrongUsage
from cli._output import AsJson
from runtime.errors import PenstockError

app = typer.Typer(
    no_args_is_help=True, help="A cloud of your own on this machine: loopback only, no account."
)
T = TypeVar("T")
TENANT: Final = "acme"


# The imports are deferred: boto3 takes longer to import than most commands take to run.


@app.command()
def up(
    *,
    local_http: Annotated[
        bool,
        typer.Option(
            "--allow-local-http/--no-local-http",
            help="Whether webhooks and functions reach this machine, such as http://localhost:9000.",
        ),
    ] = True,
    tenant: Annotated[str, typer.Option(help="The tenant that the first key is for.")] = TENANT,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the template."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start the emulators and deploy the template: about half a minute."""
    from infra.local import cloud
    from infra.local.place import Place

    options = cloud.Options(
        allow_local_http=local_http, tenant=tenant, parameters=_pairs(settings or [])
    )
    raised = _try(lambda: cloud.up(options, place=Place(), say=_say)).to_json()
    _output.show(raised, as_json=as_json, human=lambda: _output.record(raised))


@app.command()
def down(*, as_json: AsJson = False) -> None:
    """Stop everything that `up` started, and forget it."""
    from infra.local import cloud
    from infra.local.place import Place

    document = {"was_running": _try(lambda: cloud.down(Place()))}
    _output.show(document, as_json=as_json, human=lambda: _output.record(document))


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """What is running; exit 1 when nothing is, or not all of it."""
    from infra.local import cloud
    from infra.local.place import Place

    status = cloud.status(Place())
    document: dict[str, Any] = {
        "running": status.running,
        "processes": [each.summary() for each in status.processes],
        **(status.cloud.to_json() if status.cloud is not None else {}),
    }
    _output.show(document, as_json=as_json, human=lambda: _output.record(document))
    if not status.running:
        raise typer.Exit(FAILED)


def _try(act: Callable[[], T]) -> T:
    try:
        return act()
    except PenstockError as problem:
        raise CommandFailed(problem.message, code=problem.code) from problem


def _pairs(settings: list[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in settings]
    if any(not name or not equals for name, equals, _ in pairs):
        raise WrongUsage("--set takes NAME=VALUE, the name being a parameter of template.yaml")
    return {name: text for name, _, text in pairs}


def _say(line: str) -> None:
    sys.stderr.write(f"local: {line}\n")
    sys.stderr.flush()
