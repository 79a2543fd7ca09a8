"""Ask for each sync that is due to be run, by a message on the sync queue."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from runtime.core.warehouse import schedule
from runtime.core.warehouse.messages import SCHEDULE, SyncMessage
from runtime.core.warehouse.schedule import HOURLY, Manual
from runtime.core.warehouse.sync import Sync
from runtime.usecases.ports import Hints

FIRST_LOOK: Final = timedelta(minutes=schedule.MIN_MINUTES)  # back in time, of the first planner


class Syncs(Protocol):
    """Stores syncs."""

    def enabled(self) -> Iterator[Sync]:
        """Every tenant's enabled syncs."""


class Ledger(Protocol):
    """Stores loads, and who makes them."""

    def is_open(self, tenant: str, sync_id: str, *, now_ms: int) -> bool:
        """Whether a planner has the sync, or an earlier one has left a load open."""


class Plan(Protocol):
    """Stores until when syncs are planned."""

    def until(self) -> datetime | None:
        """The instant up to which every slot has its message; None before the first planner."""

    def extend(self, until: datetime, /) -> None:
        """Store a later instant; an earlier one changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSyncs:
    """Plans syncs. Planners that overlap or are killed may ask twice, which changes nothing."""

    syncs: Syncs
    ledger: Ledger
    plan: Plan
    queue: Hints[SyncMessage]

    def __call__(self, now: datetime) -> int:
        """Ask for each enabled sync that has had a slot since the last planner.

        Slots that were missed while no planner came are made up for by one run.

        Returns:
            How many were asked for.

        Raises:
            Transient: some may not have been; the next planner asks for all of them again.
        """
        after = self.plan.until() or now - FIRST_LOOK
        due = [each for each in self.syncs.enabled() if self._is_due(each, after=after, until=now)]
        self.queue.send(
            SyncMessage(tenant=each.tenant, sync_id=each.id, trigger=SCHEDULE) for each in due
        )
        self.plan.extend(now)
        return len(due)

    def _is_due(self, sync: Sync, *, after: datetime, until: datetime) -> bool:
        if isinstance(sync.schedule, Manual):
            # Nothing else would bring a load to its end that has failed, or whose end was missed.
            return schedule.is_due(HOURLY, after=after, until=until) and self._is_open(sync, until)
        return schedule.is_due(sync.schedule, after=after, until=until)

    def _is_open(self, sync: Sync, now: datetime) -> bool:
        now_ms = round(now.timestamp() * 1000)
        return self.ledger.is_open(sync.tenant, sync.id, now_ms=now_ms)
