"""What holds work back: an admin's switches, the quotas of tenants, and what others wait for.

The imports stand inside the functions here, as in `parts`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from runtime.freshness import Known
from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.stores.tables.table import Table
from runtime.wiring import parts, worker
from runtime.wiring.worker import Journal

if TYPE_CHECKING:
    from runtime.core.operations.switches import Switch
    from runtime.core.usage.quotas import Metered
    from runtime.stores.usage.quotas import DayQuotas
    from runtime.usecases.pacing.give_way import GiveWay
    from runtime.usecases.ports import Quota


def is_paused(clients: Clients, installation: Settings, switch: "Switch") -> Callable[[], bool]:
    """Whether an admin has paused this, as it was at most a few seconds ago."""
    from runtime.stores.operations.switches import FRESH_S, StoredSwitches

    stored = StoredSwitches(table=Table(client=clients.tables, name=installation.config_table))
    switches = Known(read=stored.find, for_s=FRESH_S, clock=worker.now)
    return lambda: switches().is_paused(switch)


def quotas(clients: Clients, installation: Settings) -> "DayQuotas":
    """The quotas of tenants, and what is used of them today."""
    from runtime.stores.usage.quotas import DayQuotas

    return DayQuotas(config=parts.config(clients, installation), clock=worker.now)


def quota(clients: Clients, installation: Settings, metered: "Metered") -> "Quota":
    """The quota of one thing, of each tenant."""
    counted = quotas(clients, installation)
    return lambda tenant, *, count: counted.take(tenant, metered, count=count)


def give_way(clients: Clients, installation: Settings, journal: Journal) -> "GiveWay":
    """What lets the events of a tenant who has very many give way to those of the others."""
    from runtime.core.events import bus_event
    from runtime.stores.queues import Backlog, Queue
    from runtime.stores.tenancy.tenants import FRESH_S, Tenants
    from runtime.usecases.pacing.give_way import GiveWay

    tenants = Tenants(config=parts.config(clients, installation))
    return GiveWay(
        backlog=Backlog(queue=Queue(client=clients.queues, url=installation.backlog_queue_url)),
        tenant_of=bus_event.tenant_of,
        has_others=Known(read=tenants.are_several, for_s=FRESH_S, clock=worker.now),
        clock=worker.now,
        journal=journal,
    )
