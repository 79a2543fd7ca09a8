"""Which lake `penstock query` reads: the local cloud's, or that of an installed stack's tenant."""

import json
from typing import TYPE_CHECKING, Any

from cli import _warehouse
from cli._errors import CommandFailed, WrongUsage
from runtime.errors import PenstockError

if TYPE_CHECKING:
    from runtime.stores.warehouse.lake_query import LakeQuery


def find(*, stack: str | None, tenant: str | None) -> "LakeQuery":
    """The lake of a tenant of a stack, or without one that of the local cloud of this folder.

    Args:
        stack: the name of an installed stack; None for the local cloud.
        tenant: whose lake; None for the local cloud's own tenant.

    Raises:
        WrongUsage: code `no_warehouse`: there is neither; `no_tenant`: none is named.
        CommandFailed: the stack cannot be read.
    """
    # Deferred: botocore and DuckDB take longer to import than most commands take to run.
    import botocore.session

    from runtime.stores.aws.clients import QUICK
    from runtime.stores.aws.s3 import Bucket
    from runtime.stores.warehouse.lake_query import LakeQuery

    session: Any = botocore.session.get_session()
    settings: dict[str, str] = {}
    if stack is None:
        state = json.loads(_warehouse.state_of_local_cloud().read_text(encoding="utf-8"))
        name, tenant = state["stack"], tenant or state["tenant"]
        settings = _warehouse.local_keys() | {
            "endpoint_url": state["aws_endpoint"],
            "region_name": state["region"],
        }
    else:
        name = stack
    if tenant is None:
        raise WrongUsage("name the tenant whose lake you mean by --tenant", code="no_tenant")
    client = session.create_client("s3", config=QUICK, **settings)
    return LakeQuery(bucket=Bucket(client=client, name=_bucket(name, settings)), tenant=tenant)


def _bucket(stack: str, settings: dict[str, str]) -> str:
    from runtime.stores.aws import stack as stacks

    try:
        return stacks.outputs(stack, **settings)["Bucket"]
    except PenstockError as problem:
        raise CommandFailed(
            f"{problem.message}; check your AWS credentials, region and the stack's name",
            code=problem.code,
        ) from problem
    except KeyError as problem:
        raise CommandFailed(
            f"stack {stack!r} has no output Bucket: it is no installation of Penstock",
            code="stack_not_found",
        ) from problem
