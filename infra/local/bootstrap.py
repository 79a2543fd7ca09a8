"""Makes the first tenant and API key of a new local cloud, by the code that makes them in AWS."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from runtime.settings import DEFAULT_AUDIT_RETENTION_DAYS
from runtime.stores.audit.audit_log import AuditLog
from runtime.stores.aws.dynamodb import DynamoDB
from runtime.stores.tables import config
from runtime.stores.tables.table import Table
from runtime.wiring.api import tenancy

if TYPE_CHECKING:
    from boto3.session import Session


def bootstrap(session: "Session", *, endpoint: str, outputs: Mapping[str, str], tenant: str) -> str:
    """Make a tenant, and give its API key. The cloud itself stores only the key's hash."""
    tables = DynamoDB.direct(session.client("dynamodb", endpoint_url=endpoint), session)
    log = AuditLog(
        table=Table(client=tables, name=outputs["AuditTable"]),
        retention_days=DEFAULT_AUDIT_RETENTION_DAYS,
    )
    issued = tenancy.bootstrap_in(config.table(tables, outputs["ConfigTable"]), log, tenant)
    return issued.key
