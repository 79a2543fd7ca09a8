"""Makes the first tenant and API key of a new local cloud, by the code that makes them in AWS."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from runtime.stores.aws.dynamodb import DynamoDB
from runtime.stores.tables import config
from runtime.stores.tenancy.api_keys import ApiKeys, Tenants
from runtime.stores.webhooks.webhooks import Webhooks
from runtime.usecases.tenancy.create_api_key import CreateApiKey
from runtime.usecases.tenancy.create_tenant import CreateTenant

if TYPE_CHECKING:
    from boto3.session import Session


def bootstrap(session: "Session", *, endpoint: str, outputs: Mapping[str, str], tenant: str) -> str:
    """Make a tenant, and give its API key. The cloud itself stores only the key's hash."""
    dynamodb = session.client("dynamodb", endpoint_url=endpoint)
    table = config.table(DynamoDB.direct(dynamodb, session), outputs["ConfigTable"])
    keys = CreateApiKey(
        keys=ApiKeys(config=table),
        webhooks=Webhooks(config=table),
        clock=_now,
        random=secrets.token_bytes,
    )
    create = CreateTenant(tenants=Tenants(config=table), create_api_key=keys, clock=_now)
    _, token = create.bootstrap(tenant)
    return token


def _now() -> datetime:
    return datetime.now(UTC)
