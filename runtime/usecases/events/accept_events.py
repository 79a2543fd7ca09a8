"""Take events in from the API and put them on the bus."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from runtime.core.events import envelope
from runtime.core.events.envelope import Event
from runtime.core.timestamps import timestamp
from runtime.errors import BadInput, EventsRejected
from runtime.usecases.ports import Bus

MAX_EVENTS: Final = 1000  # of one request; a Function URL takes 6 MB
_OURS: Final = frozenset({"received_at", "origin", "hops"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Why one event of a request was not taken."""

    index: int
    code: str
    message: str
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Which events were taken, and why others were not; the taken ones are on the bus."""

    accepted: tuple[Event, ...]
    rejected: tuple[Rejected, ...]

    def unless_all_rejected(self) -> "Acceptance":
        """The same, when there is anything in it that was taken, or nothing that was not.

        Raises:
            EventsRejected: events were sent, and none was taken.
        """
        if self.rejected and not self.accepted:
            raise EventsRejected([asdict(each) for each in self.rejected])
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptEvents:
    """Takes the good events of a request and names the bad ones."""

    bus: Bus
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]

    def __call__(self, tenant: str, raws: Sequence[object]) -> Acceptance:
        """Put the valid events on the bus, as events of `tenant`, whichever tenant they name.

        Raises:
            BadInput: code `too_many_events`; none was taken.
            Transient: the bus did not take all of them; send the same events again.
        """
        if len(raws) > MAX_EVENTS:
            raise BadInput(f"at most {MAX_EVENTS} events a request", code="too_many_events")
        now = timestamp(self.clock())
        events: list[Event] = []
        rejected: list[Rejected] = []
        for index, raw in enumerate(raws):
            try:
                events.append(envelope.parse(self._completed(raw, tenant), now=now, origin="api"))
            except BadInput as problem:
                rejected.append(
                    Rejected(
                        index=index,
                        code=problem.code,
                        message=problem.message,
                        field=problem.field,
                    )
                )
        self.bus.put(events)
        return Acceptance(accepted=tuple(events), rejected=tuple(rejected))

    def _completed(self, raw: object, tenant: str) -> object:
        if not isinstance(raw, Mapping):
            return raw
        ours = sorted(_OURS & set(raw))
        if raw.get("tenant", tenant) != tenant:
            ours.append("tenant")
        if ours:
            raise BadInput("is set by Penstock; leave it out", field=ours[0], code="reserved_field")
        mine: dict[str, Any] = {"tenant": tenant}
        if raw.get("id") is None:
            mine["id"] = self.new_id("evt")
        return {**raw, **mine}
