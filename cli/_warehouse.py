"""Which warehouse `penstock query` reads: the local cloud's, or that of an installed stack."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
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
    cluster: str = ""  # the provisioned one, in place of the workgroup; empty for none

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
        CommandFailed: the stack cannot be read.
    """
    return _of_local_cloud(schema) if stack is None else _of_stack(stack, schema)


def is_configured(stack: str) -> bool:
    """Whether the stack names a Redshift.

    Raises:
        CommandFailed: the stack cannot be read.
    """
    parameters = _parameters(stack)
    return any(parameters.get(name) for name in ("RedshiftWorkgroup", "RedshiftCluster"))


def state_of_local_cloud() -> Path:
    """The state file of the local cloud that is meant.

    Raises:
        WrongUsage: code `no_warehouse`: there is none, or another installation is named.
    """
    file = _connection.state_file()
    chosen = _connection.CHOSEN.get()
    if file is None or chosen not in (None, _config.LOCAL):
        what = "this folder has no local cloud" if file is None else f"{chosen} names an API alone"
        raise WrongUsage(
            f"{what}: name the stack whose warehouse you mean by --stack, or run"
            " `penstock local up` here",
            code="no_warehouse",
        )
    return file


def local_keys() -> dict[str, str]:
    """The credentials of the local cloud's root, as botocore's client takes them."""
    # Deferred, as in `cli.local`.
    from infra.local.emulator import ROOT_KEYS

    return {name.lower(): text for name, text in ROOT_KEYS.items()}


def _of_local_cloud(schema: str | None) -> Warehouse:
    from infra.local.redshift import DATABASE, WORKGROUP

    state = json.loads(state_of_local_cloud().read_text(encoding="utf-8"))
    where = {"endpoint_url": state["redshift_endpoint"], "region_name": state["region"]}
    return Warehouse(
        workgroup=WORKGROUP,
        database=DATABASE,
        schema=schema or default_schema(state["tenant"]),
        client_settings=where | local_keys(),
    )


def _of_stack(stack: str, schema: str | None) -> Warehouse:
    from infra.local.redshift import DATABASE

    parameters = _parameters(stack)
    return Warehouse(
        workgroup=parameters.get("RedshiftWorkgroup", ""),
        cluster=parameters.get("RedshiftCluster", ""),
        database=parameters.get("RedshiftDatabase", DATABASE),
        schema=schema,
        client_settings={},
    )


def _parameters(stack: str) -> dict[str, str]:
    """Its parameters, and its outputs: a workgroup that it has made has another name."""
    from runtime.stores.aws import stack as stacks

    try:
        return stacks.parameters(stack) | stacks.outputs(stack)
    except PenstockError as problem:
        raise CommandFailed(
            f"{problem.message}; check your AWS credentials, region and the stack's name",
            code=problem.code,
        ) from problem
