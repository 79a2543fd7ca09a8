"""Which database user loads a warehouse, of the local cloud's or of an installed stack's."""

import json
from collections.abc import Sequence

from cli import _connection, _warehouse
from cli._errors import CommandFailed
from runtime.core.warehouse.grants import Grant, Loader, user_of
from runtime.errors import PenstockError


def find(*, stack: str | None, schemas: Sequence[str] = ()) -> Loader:
    """The user that loads the warehouse of a stack, or without one that of the local cloud.

    Args:
        stack: the name of an installed stack; None for the local cloud.
        schemas: that somebody else has made and that a sync loads.

    Raises:
        WrongUsage: code `no_warehouse`: there is neither.
        CommandFailed: the stack cannot be read, or has no warehouse.
    """
    # Deferred, as in `cli._warehouse`.
    from runtime.stores.aws import stack as stacks

    warehouse = _warehouse.find(stack=stack, schema=None)
    name, where = (stack, {}) if stack is not None else _local_stack()
    try:
        outputs = stacks.outputs(name, **where)
    except PenstockError as problem:
        raise CommandFailed(problem.message, code=problem.code) from problem
    if "LoaderRoleArn" not in outputs:
        raise CommandFailed(
            f"stack {name} has no role that loads Redshift: deploy the current template",
            code="no_warehouse",
        )
    return Loader(
        database=warehouse.database,
        user=user_of(outputs["LoaderRoleArn"]),
        copy_role_arn=outputs["CopyRoleArn"],
        schemas=schemas,
    )


def lacks(loader: Loader, *, stack: str | None) -> Sequence[Grant]:
    """What the user lacks, asked in the name of whoever runs the command.

    Raises:
        Transient: the warehouse did not answer.
    """
    from runtime.stores.warehouse.redshift.data_api import DataApi
    from runtime.usecases.warehouse.check_grants import CheckGrants

    warehouse = _warehouse.find(stack=stack, schema=None)
    database = DataApi(
        client=warehouse.client(),
        workgroup=warehouse.workgroup,
        cluster=warehouse.cluster,
        database=warehouse.database,
    )
    return CheckGrants(database=database)(loader)


def _local_stack() -> tuple[str, dict[str, str]]:
    """The name of the local cloud's stack, and how a client finds it."""
    from infra.local.emulator import ROOT_KEYS

    file = _connection.state_file()
    state = json.loads(file.read_text(encoding="utf-8")) if file is not None else {}
    keys = {name.lower(): text for name, text in ROOT_KEYS.items()}
    where = {"endpoint_url": state["aws_endpoint"], "region_name": state["region"]}
    return state["stack"], where | keys
