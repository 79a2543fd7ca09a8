"""What the API does with tenants, their keys, and requests that they repeat."""

import secrets
from dataclasses import dataclass

from runtime import settings
from runtime.core.pacing.call_limit import CallLimit
from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.stores.pacing.buckets import Buckets
from runtime.stores.tables import config
from runtime.stores.tables.config import Config
from runtime.stores.tenancy.api_keys import ApiKeys, Tenants
from runtime.stores.tenancy.claims import Claims
from runtime.stores.webhooks.webhooks import Webhooks
from runtime.usecases.pacing.admit_call import AdmitCall
from runtime.usecases.tenancy.answer_once import AnswerOnce
from runtime.usecases.tenancy.authenticate import Authenticate
from runtime.usecases.tenancy.create_api_key import CreateApiKey
from runtime.usecases.tenancy.create_tenant import CreateTenant
from runtime.usecases.tenancy.revoke_api_key import RevokeApiKey
from runtime.usecases.tenancy.rotate_api_key import RotateApiKey
from runtime.wiring import parts, worker


@dataclass(frozen=True, slots=True, kw_only=True)
class TenancyApi:
    """What the API does with tenants and keys."""

    authenticate: Authenticate
    admit: AdmitCall
    answer_once: AnswerOnce
    api_keys: ApiKeys  # the store, to list and show them
    create_api_key: CreateApiKey
    rotate_api_key: RotateApiKey
    revoke_api_key: RevokeApiKey
    create_tenant: CreateTenant


def build(clients: Clients, installation: Settings) -> TenancyApi:
    """The use cases of tenancy, with their stores."""
    table, sealing = parts.config(clients, installation), parts.secrets(clients, installation)
    return TenancyApi(
        authenticate=Authenticate(keys=ApiKeys(config=table), clock=worker.now),
        admit=AdmitCall(
            buckets=Buckets(table=table.table, clock=worker.now),
            limit=CallLimit(per_s=installation.api_calls_per_s),
            clock=worker.now,
        ),
        answer_once=AnswerOnce(
            claims=Claims(config=table), seal=sealing.seal, unseal=sealing.open, clock=worker.now
        ),
        api_keys=ApiKeys(config=table),
        create_api_key=_create_api_key(table),
        rotate_api_key=RotateApiKey(
            keys=ApiKeys(config=table), create=_create_api_key(table), clock=worker.now
        ),
        revoke_api_key=RevokeApiKey(keys=ApiKeys(config=table)),
        create_tenant=_create_tenant(table),
    )


def tenants(config_table: str) -> CreateTenant:
    """What makes tenants, for an admin's machine, which knows only the config table's name."""
    clients = parts.clients(settings.load())
    return _create_tenant(config.table(clients.tables, config_table))


def _create_api_key(table: Config) -> CreateApiKey:
    return CreateApiKey(
        keys=ApiKeys(config=table),
        webhooks=Webhooks(config=table),
        clock=worker.now,
        random=secrets.token_bytes,
    )


def _create_tenant(table: Config) -> CreateTenant:
    return CreateTenant(
        tenants=Tenants(config=table), create_api_key=_create_api_key(table), clock=worker.now
    )
