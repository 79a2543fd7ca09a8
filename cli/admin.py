"""`penstock admin`: commands that need AWS credentials, or an API key with the scope admin."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import _deeds, _installation, _output, client
from cli._errors import CommandFailed
from cli._installation import Stack
from cli._output import AsJson
from runtime.core.operations.deeds import Deed
from runtime.errors import BadInput, PenstockError

if TYPE_CHECKING:
    from runtime.usecases.migrations.migrate import Migrate

app = typer.Typer(no_args_is_help=True)
tenants = typer.Typer(no_args_is_help=True, help="Tenants of an installation.")
app.add_typer(tenants, name="tenants")


@app.command()
def bootstrap(
    stack: Annotated[str, typer.Option(help="The stack's name, as given to `sam deploy`.")],
    tenant: Annotated[str, typer.Option(help="The tenant that the key is for.")] = "main",
    *,
    save: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Keep the key under this name for `--as`, and do not show it."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an admin key with your AWS credentials: the first key of an installation."""
    # Deferred: boto3 takes longer to import than most commands take to run.
    from cli import config
    from runtime.stores.aws import stack as stacks
    from runtime.wiring.api import tenancy

    if save is not None:
        config.check_name(save)  # first: a key that nobody can keep must not be made
    try:
        outputs = stacks.outputs(stack)
        _, key = tenancy.bootstrap(
            tenant, config_table=outputs["ConfigTable"], audit_table=outputs["AuditTable"]
        )
    except KeyError as problem:
        raise CommandFailed(
            f"stack {stack!r} is not an installation of Penstock: it has no output {problem}",
            code="not_penstock",
        ) from problem
    except PenstockError as problem:
        details = {"field": problem.field} if isinstance(problem, BadInput) else None
        raise CommandFailed(
            f"{problem.message}; check your AWS credentials, region and the stack's name",
            code=problem.code,
            details=details,
        ) from problem
    document = {"api_url": outputs.get("ApiUrl", ""), "api_key": key, "tenant": tenant}
    if save is not None:
        config.keep(save, url=document["api_url"], key=key)
        document = {"api_url": document["api_url"], "saved_as": save, "tenant": tenant}
    _output.show(document, as_json=as_json, human=lambda: _output.record(document))


@app.command()
def migrate(
    *,
    stack: Stack = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be done, and stop.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring what is stored to the form of this release, once the release is deployed.

    It may be stopped at any time; the next call goes on. With `--plan` nothing is changed.
    """
    from cli import _migrations

    with _installation.refusals():
        command = _migrations.find(stack)
        lacking = _migrations.lacking(command)
        rows = [asdict(each) for each in lacking]
        if rows and not plan:
            rows = _deeds.recorded(
                _installation.find(stack),
                Deed.MIGRATED,
                do=lambda: {"applied": _migrated(command)},
            )["applied"]
    columns = ("number", "name", *(("does",) if plan else ("looked_at", "changed")))
    document = {"pending" if plan else "applied": rows}
    human = _output.table(rows, columns) if rows else "all migrations of this release are applied"
    _output.show(document, as_json=as_json, human=lambda: [human])


def _migrated(command: "Migrate") -> list[dict[str, Any]]:
    """Migrate; returns how each migration has ended."""
    from cli import _migrations
    from cli._progress import progress

    last: dict[int, dict[str, Any]] = {}
    with progress("migrating") as work:
        for applied in _migrations.run(command):
            last[applied.number] = asdict(applied)
            work.say(f"{applied.name}: {applied.changed} changed")
    return list(last.values())


@tenants.command()
def create(
    tenant: Annotated[str, typer.Argument(help="Lower-case letters, digits, - and _.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Create a tenant; its first API key is printed once, here."""
    tenant_document = client.connect().post("/v1/tenants", {"id": tenant})
    _output.show(tenant_document, as_json=as_json, human=lambda: _output.record(tenant_document))
