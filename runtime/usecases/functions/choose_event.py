"""Find the event that a function is to be invoked on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from runtime.core.events import envelope, submitted
from runtime.core.events.envelope import Event
from runtime.core.timestamps import timestamp
from runtime.errors import BadInput, NotFound


class Events(Protocol):
    """Keeps events for the retention."""

    def find(self, tenant: str, event_id: str) -> Event | None:
        """The event; None when there is none, or it has expired."""

    def newest(self, tenant: str, topic: str) -> Event | None:
        """The newest event of an exact topic; None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventChoice:
    """Which event somebody wants: exactly one of the fields is set, and the others are None."""

    event: Mapping[str, Any] | None = None  # an envelope; its tenant, id and times may be missing
    event_id: str | None = None  # of an event that is kept
    latest: str | None = None  # a topic, for the newest event of it that is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseEvent:
    """Finds events."""

    events: Events
    new_id: Callable[[str], str]
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, choice: EventChoice) -> Event:
        """The event of the tenant's that is meant.

        Raises:
            BadInput: code `one_event`: not exactly one event is chosen; or the envelope or the
                topic is malformed.
            NotFound: code `event_not_found`: no such event is kept.
        """
        chosen = [
            name for name in ("event", "event_id", "latest") if getattr(choice, name) is not None
        ]
        if len(chosen) != 1:
            raise BadInput(
                "give one of event, event_id and latest, and only one",
                field=chosen[1] if chosen else "event",
                code="one_event",
            )
        if choice.event_id is not None:
            return self._kept(tenant, choice.event_id)
        if choice.latest is not None:
            return self._newest(tenant, envelope.topic(choice.latest, at="latest"))
        now = timestamp(self.clock())
        try:
            return submitted.parse(
                choice.event, tenant=tenant, new_id=self.new_id, now=now, may_be_whole=True
            )
        except BadInput as problem:  # it names a field of the event, and the request has others
            place = ("event", *problem.place)
            raise BadInput(problem.message, field=place, code=problem.code) from problem

    def _kept(self, tenant: str, event_id: str) -> Event:
        event = self.events.find(tenant, event_id)
        if event is None:
            raise NotFound(
                f"no event {event_id} is kept: there was none, or its retention is over",
                code="event_not_found",
            )
        return event

    def _newest(self, tenant: str, topic: str) -> Event:
        event = self.events.newest(tenant, topic)
        if event is None:
            raise NotFound(f"no event of the topic {topic} is kept", code="event_not_found")
        return event
