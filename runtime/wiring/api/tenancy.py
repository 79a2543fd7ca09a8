"""What the API does with tenants, their keys, and requests that they repeat."""

import secrets
from dataclasses import dataclass

from runtime import settings
from runtime.core.events import envelope
from runtime.core.pacing.call_limit import CallLimit
from runtime.core.tenancy import api_key
from runtime.settings import Settings
from runtime.stores.audit.audit_log import AuditLog
from runtime.stores.aws.clients import Clients
from runtime.stores.pacing.buckets import Buckets
from runtime.stores.tables import config
from runtime.stores.tables.config import Config
from runtime.stores.tables.table import Table
from runtime.stores.tenancy.api_keys import ApiKeys
from runtime.stores.tenancy.claims import Claims
from runtime.stores.tenancy.tenants import Tenants
from runtime.stores.webhooks.webhooks import Webhooks
from runtime.usecases.audit.record_operator import RecordOperator
from runtime.usecases.pacing.admit_call import AdmitCall
from runtime.usecases.tenancy.answer_once import AnswerOnce
from runtime.usecases.tenancy.authenticate import Authenticate
from runtime.usecases.tenancy.create_api_key import CreateApiKey, IssuedKey
from runtime.usecases.tenancy.create_tenant import CreateTenant
from runtime.usecases.tenancy.revoke_api_key import RevokeApiKey
from runtime.usecases.tenancy.rotate_api_key import RotateApiKey
from runtime.usecases.tenancy.update_api_key import UpdateApiKey
from runtime.wiring import migrations, parts, worker


@dataclass(frozen=True, slots=True, kw_only=True)
class TenancyApi:
    """What the API does with tenants and keys."""

    authenticate: Authenticate
    admit: AdmitCall
    answer_once: AnswerOnce
    api_keys: ApiKeys  # the store, to list and show them
    create_api_key: CreateApiKey
    update_api_key: UpdateApiKey
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
        update_api_key=UpdateApiKey(keys=ApiKeys(config=table)),
        rotate_api_key=RotateApiKey(
            keys=ApiKeys(config=table), create=_create_api_key(table), clock=worker.now
        ),
        revoke_api_key=RevokeApiKey(keys=ApiKeys(config=table)),
        create_tenant=_create_tenant(table),
    )


def bootstrap(tenant: str, *, config_table: str, audit_table: str) -> IssuedKey:
    """Make an admin key for a tenant from an operator's machine, which knows the tables' names.

    Raises:
        BadInput: code `bad_tenant`.
    """
    installation = settings.load()
    tables = parts.clients(installation).tables
    log = AuditLog(
        table=Table(client=tables, name=audit_table),
        retention_days=installation.audit_retention_days,
    )
    return bootstrap_in(config.table(tables, config_table), log, tenant)


def bootstrap_in(table: Config, log: AuditLog, tenant: str) -> IssuedKey:
    """Make an admin key for a tenant of the installation with these tables.

    Raises:
        BadInput: code `bad_tenant`.
    """
    envelope.check_tenant(tenant)  # before it becomes the key of an entry
    if not Tenants(config=table).list(limit=1).items:
        migrations.settle(table)
    record = RecordOperator(entries=log, clock=worker.now, new_id=parts.new_id)
    return record(
        tenant,
        action="api_key.created",
        create=lambda: _create_tenant(table).bootstrap(tenant),
        show=lambda issued: api_key.shown(issued.record),
    )


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
