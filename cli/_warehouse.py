"""Which warehouse `penstock query` reads: the local cloud's, or that of an installed stack."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Any

from cli import _config, _connection
from cli._errors import CommandFailed, WrongUsage
from runtime.core.warehouse.sync import default_schema
from runtime.errors import PenstockError


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """Where a warehouse is, and by which name a tenant's tables are found in it."""

    workgroup: str
    database: str
    schema: str | None  # where names without a schema are looked up; None: nobody has named one
    client_settings: dict[str, Any]  # of botocore's client, besides the AWS settings in force

    def client(self) -> Any:
        """A client of the Data API."""
        # Deferred: botocore takes longer to import than most commands take to run.
        import botocore.session

        from runtime.stores.aws.clients import LONG_POLL

        create = partial(botocore.session.get_session().create_client, config=LONG_POLL)
        return create("redshift-data", **self.client_settings)


def find(*, stack: str | None, schema: str | None) -> Warehouse:
    """The warehouse of a stack, or without one that of the local cloud of this folder.

    Args:
        stack: the name of an installed stack; None for the local cloud.
        schema: instead of that of the local cloud's tenant.

    Raises:
        WrongUsage: code `no_warehouse`: there is neither.
        CommandFailed: the stack cannot be read, or has no warehouse.
    """
    return _of_local_cloud(schema) if stack is None else _of_stack(stack, schema)


def _of_local_cloud(schema: str | None) -> Warehouse:
    file = _connection.state_file()
    chosen = _connection.CHOSEN.get()
    if file is None or chosen not in (None, _config.LOCAL):
        what = "this folder has no local cloud" if file is None else f"{chosen} names an API alone"
        raise WrongUsage(
            f"{what}: name the stack whose warehouse you mean by --stack, or run"
            " `penstock local up` here",
            code="no_warehouse",
        )
    # Deferred, as in `cli.local`.
    from infra.local.emulator import ROOT_KEYS
    from infra.local.redshift import DATABASE, WORKGROUP

    state = json.loads(file.read_text(encoding="utf-8"))
    keys = {name.lower(): text for name, text in ROOT_KEYS.items()}
    where = {"endpoint_url": state["redshift_endpoint"], "region_name": state["region"]}
    return Warehouse(
        workgroup=WORKGROUP,
        database=DATABASE,
        schema=schema or default_schema(state["tenant"]),
        client_settings=where | keys,
    )


def _of_stack(stack: str, schema: str | None) -> Warehouse:
    from infra.local.redshift import DATABASE
    from runtime.stores.aws import stack as stacks

    try:
        parameters = stacks.parameters(stack)
    except PenstockError as problem:
        raise CommandFailed(
            f"{problem.message}; check your AWS credentials, region and the stack's name",
            code=problem.code,
        ) from problem
    if not parameters.get("RedshiftWorkgroup"):
        raise CommandFailed(
            f"stack {stack!r} names no Redshift workgroup: it is no installation of Penstock, or"
            " its parameter RedshiftWorkgroup is empty",
            code="redshift_not_configured",
        )
    return Warehouse(
        workgroup=parameters["RedshiftWorkgroup"],
        database=parameters.get("RedshiftDatabase", DATABASE),
        schema=schema,
        client_settings={},
    )
