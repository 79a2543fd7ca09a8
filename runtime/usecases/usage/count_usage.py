"""Count what each tenant has used on the days that have ended, and tell the tenants."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core import timestamps
from runtime.core.usage import usage as usages
from runtime.core.usage.usage import LOOK_BACK_DAYS, SETTLED, Usage
from runtime.usecases.ports import Bus


class RawUsage(Protocol):
    """What the raw log says of a day."""

    def of_day(self, day: str) -> Sequence[Usage]:
        """What each tenant used on a day that has ended; the same again for the same day."""


class Usages(Protocol):
    """Stores usage."""

    def keep(self, usages: Iterable[Usage]) -> None:
        """Store these over what is there."""

    def is_counted(self, day: str) -> bool:
        """Whether a day has been counted and every tenant was told."""

    def note_counted(self, day: str, *, at: str) -> None:
        """Note that a day has been counted and every tenant was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountUsage:
    """Counts the days that have ended and are not counted yet."""

    raw_usage: RawUsage
    usages: Usages
    bus: Bus
    clock: Callable[[], datetime]
    kept_days: int  # how long the raw log keeps batches

    def __call__(self) -> int:
        """Count each of the last days; returns how many were counted now.

        The raw log does not change what it has got on a day, and the events have ids of their own:
        whoever is killed has the day counted and told again, and nothing is different then.

        Raises:
            Transient: AWS does not answer; the days before are counted.
        """
        now = self.clock()
        counted = 0
        today = (now - SETTLED).date()
        for day in usages.days_before(today, count=min(LOOK_BACK_DAYS, self.kept_days)):
            if self.usages.is_counted(day):
                continue
            used = self.raw_usage.of_day(day)
            self.usages.keep(used)
            at = timestamps.timestamp(now)
            self.bus.put(usages.notice(each, at=at) for each in used)
            self.usages.note_counted(day, at=at)
            counted += 1
        return counted
