"""What the API does with usage."""

from dataclasses import dataclass

from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.stores.tables.table import Table
from runtime.stores.usage.usages import Usages


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageApi:
    """What the API does with usage."""

    store: Usages


def build(clients: Clients, installation: Settings) -> UsageApi:
    """The store of usage."""
    table = Table(client=clients.tables, name=installation.ledger_table)
    return UsageApi(store=Usages(table=table))
