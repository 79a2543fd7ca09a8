"""What the API does with events."""

from dataclasses import dataclass

from runtime.core.operations.switches import Switch
from runtime.core.usage.quotas import Metered
from runtime.settings import Settings
from runtime.stores.aws.clients import Clients
from runtime.stores.events.events import Events
from runtime.usecases.events.accept_events import AcceptEvents
from runtime.usecases.events.show_event import ShowEvent
from runtime.usecases.events.trace_event import TraceEvent
from runtime.wiring import limits, parts, people_parts, worker


@dataclass(frozen=True, slots=True, kw_only=True)
class EventApi:
    """What the API does with events."""

    accept: AcceptEvents
    show: ShowEvent
    trace: TraceEvent
    store: Events


def build(clients: Clients, installation: Settings) -> EventApi:
    """The use cases of events, with their stores."""
    bus = parts.bus(clients, installation)
    store = parts.events(clients, installation)
    quotas = limits.quotas(clients, installation)
    show = ShowEvent(events=store)
    return EventApi(
        accept=AcceptEvents(
            bus=bus,
            erasures=people_parts.erasures(clients, installation),
            clock=worker.now,
            new_id=parts.new_id,
            claim=lambda tenant, count: quotas.claim(tenant, Metered.EVENTS, count=count),
            is_paused=limits.is_paused(clients, installation, Switch.INTAKE),
        ),
        show=show,
        trace=TraceEvent(
            show=show,
            functions=parts.functions(clients, installation),
            webhooks=parts.webhooks(clients, installation),
            records=parts.event_records(clients, installation),
        ),
        store=store,
    )
