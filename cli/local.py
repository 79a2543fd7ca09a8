"""`penstock local`: a cloud of your own on this machine."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from cli import _output
from cli._errors import FAILED, CommandFailed, WrongUsage
from cli._output import AsJson
from cli._progress import progress
from runtime.errors import PenstockError

if TYPE_CHECKING:
    from infra.local.cloud import Options
    from infra.local.place import Place
    from infra.local.state import LocalCloud, Status

app = typer.Typer(no_args_is_help=True)
T = TypeVar("T")
_ADVICE: Final = {
    "half_dead": "not all of it runs: `penstock local up` starts what is gone, and nothing is lost",
    "stopped": "it is stopped and keeps all that is in it: `penstock local up` starts it again",
}


# The imports are deferred: boto3 takes longer to import than most commands take to run.


@app.command()
def up(
    *,
    local_http: Annotated[
        bool | None,
        typer.Option(
            "--allow-local-http/--no-local-http",
            help="Whether webhooks and functions reach this machine, such as http://localhost:9000.",
        ),
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(help="The tenant that the first key is for; acme when left out.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the template."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start the local cloud; the first time it is made, which takes about half a minute."""
    from infra.local import cloud
    from infra.local.place import Place

    options = cloud.Options(
        allow_local_http=local_http, tenant=tenant, parameters=_pairs(settings or [])
    )
    raised = bring_up(options, place=Place()).to_json()
    _output.show(raised, as_json=as_json, human=lambda: _output.record(raised))


def bring_up(options: "Options", *, place: "Place") -> "LocalCloud":
    """Start the local cloud of this folder, and show how far it is.

    Raises:
        CommandFailed: it cannot be started, with the error's own code.
    """
    from infra.local import cloud

    with progress("starting the local cloud", has_lines=True) as work:

        def say(phase: str) -> None:
            _say(phase)
            work.say(phase)

        return explained(lambda: cloud.up(options, place=place, say=say))


@app.command()
def stop(*, as_json: AsJson = False) -> None:
    """Stop everything that `up` started, and keep all that is in it for the next `up`."""
    from infra.local import cloud
    from infra.local.place import Place

    document = {"was_running": explained(lambda: cloud.stop(Place()))}
    _output.show(document, as_json=as_json, human=lambda: _output.record(document))


@app.command()
def reset(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is in the local cloud, ask, and then stop it and delete all of that."""
    from infra.local.place import Place

    document = {"was_running": empty(Place(), yes=yes)}
    _output.show(document, as_json=as_json, human=lambda: _output.record(document))


def empty(place: "Place", *, yes: bool) -> bool:
    """Say what the local cloud of this folder keeps, ask, and delete it.

    Args:
        place: its folder.
        yes: do not ask.

    Returns:
        Whether anything was running.

    Raises:
        WrongUsage: there is no terminal to ask on.
        CommandFailed: the answer was no, and nothing was deleted; or it cannot be deleted.
    """
    from infra.local import cloud
    from infra.local.state import Phase

    found = explained(lambda: cloud.status(place))
    if found.phase is not Phase.NONE:
        _say(_deleted(found, place.root, cloud.kept_bytes(place)))
        _confirm(yes=yes)
    return explained(lambda: cloud.down(place))


@app.command()
def down(*, as_json: AsJson = False) -> None:
    """Stop everything that `up` started, and delete all that is in it, without asking."""
    from infra.local import cloud
    from infra.local.place import Place

    document = {"was_running": explained(lambda: cloud.down(Place()))}
    _output.show(document, as_json=as_json, human=lambda: _output.record(document))


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """What is running and what is kept; exit 1 when nothing is running, or not all of it."""
    from infra.local import state  # the file alone: `cloud` takes longer to import than to ask
    from infra.local.place import Place

    status = explained(lambda: state.read(Place()))
    document: dict[str, Any] = {
        "running": status.running,
        "phase": status.phase,
        "processes": [each.summary() for each in status.processes],
        **(status.cloud.to_json() if status.cloud is not None else {}),
    }
    _output.show(document, as_json=as_json, human=lambda: _output.record(document))
    if status.phase in _ADVICE:
        _say(_ADVICE[status.phase])
    if not status.running:
        raise typer.Exit(FAILED)


def _deleted(found: "Status", root: Path, size_bytes: int) -> str:
    """A sentence that says what a reset deletes."""
    whose = "" if found.cloud is None else f" of the tenant {found.cloud.tenant} and any other"
    return (
        f"this deletes all that the local cloud in {root} keeps: the keys, events, profiles, "
        f"functions, webhooks, deliveries, runs and syncs{whose}, and the warehouse "
        f"({size_bytes / 1e6:.1f} MB); logs stay"
    )


def _confirm(*, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise WrongUsage("there is no terminal to ask on; --yes deletes without asking")
    if not typer.confirm("Delete all of it?", err=True):
        raise CommandFailed("nothing was deleted", code="not_confirmed")


def explained(act: Callable[[], T]) -> T:
    """What an act on a local cloud gives.

    Raises:
        CommandFailed: it failed, with the error's own code.
    """
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
