"""`penstock admin`: commands that need AWS credentials, or an API key with the scope admin."""

from typing import Annotated

import typer

from cli import _output, client
from cli._errors import CommandFailed
from cli._output import AsJson
from runtime.errors import BadInput, PenstockError

app = typer.Typer(no_args_is_help=True)
tenants = typer.Typer(no_args_is_help=True, help="Tenants of an installation.")
app.add_typer(tenants, name="tenants")


@app.command()
def bootstrap(
    stack: Annotated[str, typer.Option(help="The stack's name, as given to `sam deploy`.")],
    tenant: Annotated[str, typer.Option(help="The tenant that the key is for.")] = "main",
    *,
    as_json: AsJson = False,
) -> None:
    """Make an admin key with your AWS credentials: the first key of an installation."""
    # Deferred: boto3 takes longer to import than most commands take to run.
    from runtime.stores.aws import stack as stacks
    from runtime.wiring.api import tenancy

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
    _output.show(document, as_json=as_json, human=lambda: _output.record(document))


@tenants.command()
def create(
    tenant: Annotated[str, typer.Argument(help="Lower-case letters, digits, - and _.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Create a tenant; its first API key is printed once, here."""
    tenant_document = client.connect().post("/v1/tenants", {"id": tenant})
    _output.show(tenant_document, as_json=as_json, human=lambda: _output.record(tenant_document))
