"""Take events in from the API and put them on the bus."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from runtime.core.events import submitted
from runtime.core.events.envelope import Event
from runtime.core.timestamps import timestamp
from runtime.errors import BadInput, EventsRejected, IntakePaused, Rejected
from runtime.usecases.ports import Bus, Erasures

PAUSED_RETRY_S: Final = 30  # an intake is paused for minutes; more often nobody need ask
MAX_EVENTS: Final = 1000  # in one request; a Function URL takes 6 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What became of the events of one request."""

    accepted: tuple[Event, ...]  # these are on the bus, but for `dropped`
    rejected: tuple[Rejected, ...]
    dropped: tuple[Event, ...] = ()  # of the accepted, those about erased people; nothing is kept

    def unless_all_rejected(self, *, at: str) -> "Acceptance":
        """This acceptance, unless it accepts nothing and rejects something.

        Args:
            at: the field of the request that lists the events; empty when it is one event itself.

        Raises:
            EventsRejected: every event of the request was refused.
        """
        if self.rejected and not self.accepted:
            raise EventsRejected(self.rejected, at=at)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptEvents:
    """Puts the valid events of a request on the bus, and says what is wrong with the others.

    An event about an erased person is taken like any other, and goes nowhere: its sender cannot
    know, and an error would have him send it again for ever.
    """

    bus: Bus
    erasures: Erasures
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]
    is_paused: Callable[[], bool] = lambda: False  # whether an admin has paused the intake
    # Counts so many events of a tenant, or raises QuotaExceeded.
    claim: Callable[[str, int], None] = lambda _tenant, _count: None

    def __call__(self, tenant: str, raws: Sequence[object]) -> Acceptance:
        """Put the valid events on the bus as events of `tenant`.

        An event that names another tenant is refused.

        Raises:
            IntakePaused: no event is on the bus.
            QuotaExceeded: no event is on the bus.
            BadInput: code `too_many_events`; no event is on the bus.
            Transient: some events may be missing on the bus; send the same events again.
        """
        if self.is_paused():
            raise IntakePaused(retry_after_s=PAUSED_RETRY_S)
        if len(raws) > MAX_EVENTS:
            raise BadInput(f"at most {MAX_EVENTS} events a request", code="too_many_events")
        now = timestamp(self.clock())
        events: list[Event] = []
        rejected: list[Rejected] = []
        for index, raw in enumerate(raws):
            try:
                events.append(submitted.parse(raw, tenant=tenant, new_id=self.new_id, now=now))
            except BadInput as problem:
                rejected.append(Rejected(index=index, problem=problem))
        each = list(zip(events, self.erasures.of(events), strict=True))
        going = [event for event, is_erased in each if not is_erased]
        self.claim(tenant, len(going))
        self.bus.put(going)
        return Acceptance(
            accepted=tuple(events),
            rejected=tuple(rejected),
            dropped=tuple(event for event, is_erased in each if is_erased),
        )
