"""What the API does with usage and quotas."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from runtime.errors import NotFound
from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.stores.tables.table import Table
from runtime.stores.tenancy.tenants import Tenants
from runtime.stores.usage.quotas import DayQuotas
from runtime.stores.usage.usages import Usages
from runtime.wiring import limits, parts, worker


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageApi:
    """What the API does with usage and quotas."""

    store: Usages
    quotas: DayQuotas
    tenants: Tenants
    clock: Callable[[], datetime]

    def check_tenant(self, tenant: str) -> None:
        """Refuse a tenant that does not exist.

        Raises:
            NotFound: code `tenant_not_found`.
        """
        if not self.tenants.holds(tenant):
            raise NotFound("no such tenant", code="tenant_not_found")


def build(clients: Clients, installation: Settings) -> UsageApi:
    """The stores of usage and quotas."""
    table = Table(client=clients.tables, name=installation.ledger_table)
    return UsageApi(
        store=Usages(table=table),
        quotas=limits.quotas(clients, installation),
        tenants=Tenants(config=parts.config(clients, installation)),
        clock=worker.now,
    )
