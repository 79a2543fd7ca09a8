"""Lets the events of a tenant who has very many give way to those of the others.

The bus fills one queue with the events of all tenants, in the order in which they come. So whoever
sends a hundred thousand at once stands before the others. To move an event to the end of its queue
takes a fraction of the time that its matching takes; there it has its tenant's group, and SQS hands
out messages of a group that has many in work after all others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress
from typing import Any, Protocol

from runtime.core.events import bus_event
from runtime.core.events.bus_event import Arrived
from runtime.core.pacing import noisy
from runtime.core.timestamps import moment


class Backlog(Protocol):
    """The queue of events that wait for being matched."""

    def put_last(self, messages: Iterable[tuple[str, str]], /) -> None:
        """Put messages of the bus at the end, each after its tenant, whose group it gets.

        Raises:
            Transient: some may not be there.
        """


def nobody_gives_way(arrivals: Sequence[Arrived], /) -> list[bool]:
    """Leave every event where it is."""
    return [False for _ in arrivals]


@dataclass(slots=True, kw_only=True)
class GiveWay:
    """Moves events of noisy tenants to the end of the queue, each of them once.

    A worker looks only at what it takes off the queue itself. It does nothing while there is no
    backlog, because then nobody waits for anybody.
    """

    backlog: Backlog
    has_others: Callable[[], bool]  # whether the installation has more than one tenant
    clock: Callable[[], datetime]
    journal: Callable[[Mapping[str, Any]], None]  # takes one line for each batch that gives way
    _late: tuple[str, ...] = field(default=(), init=False)  # whose the last late events were

    def __call__(self, arrivals: Sequence[Arrived], /) -> list[bool]:
        """Put those of a batch at the end of the queue that give way.

        Returns:
            Whether each has given way. It needs no more work now, because it comes again.

        Raises:
            Transient: some that give way may not be on the queue; let the whole batch come again.
        """
        late = [self._is_late(each) for each in arrivals]
        waited = (each.event.tenant for each in compress(arrivals, late))
        self._late = noisy.remember(self._late, waited)
        tenants = noisy.noisy(self._late)
        leaves = [
            is_late and not each.gave_way and each.event.tenant in tenants
            for each, is_late in zip(arrivals, late, strict=True)
        ]
        leaving = list(compress(arrivals, leaves))
        if not leaving or not self.has_others():
            return nobody_gives_way(arrivals)
        self.backlog.put_last((each.event.tenant, bus_event.giving_way(each)) for each in leaving)
        self.journal(
            {
                "message": "events.gave_way",
                "tenants": sorted({each.event.tenant for each in leaving}),
                "measures": {"gave_way": len(leaving)},
            }
        )
        return leaves

    def _is_late(self, arrived: Arrived) -> bool:
        if arrived.accepted_at is None:
            return True  # replayed: nobody waits for it, and it may come with very many
        waited = self.clock() - moment(arrived.accepted_at)
        return waited.total_seconds() > noisy.LATE_AFTER_S
