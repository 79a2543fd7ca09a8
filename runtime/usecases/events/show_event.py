"""Show one event of the caller's tenant."""

from dataclasses import dataclass
from typing import Protocol

from runtime.core.events.envelope import Event
from runtime.errors import NotFound


class Events(Protocol):
    """Keeps events."""

    def find(self, tenant: str, event_id: str) -> Event | None:
        """The event; None when there is none, or it has expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowEvent:
    """Shows events."""

    events: Events

    def __call__(self, tenant: str, event_id: str) -> Event:
        """The event.

        Raises:
            NotFound: code `event_not_found`: the tenant has no such event, or its retention is
                over.
        """
        event = self.events.find(tenant, event_id)
        if event is None:
            raise NotFound(
                "no event with this id is kept: it was never sent, it has not been matched yet, or"
                " its retention is over",
                code="event_not_found",
            )
        return event
