"""When a sync is due: every so many minutes, once a day, or only when somebody asks.

A *slot* is an instant at which a sync is due. Slots of `every N minutes` are counted from midnight
UTC, whoever made the sync and whenever. So all syncs of one warehouse come at the same instants,
and a warehouse that is paid for by the minute it is awake wakes once for all of them.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from runtime.errors import BadInput

MIN_MINUTES: Final = 5  # as often as the planner looks
DAY_MINUTES: Final = 24 * 60
DAY: Final = timedelta(days=1)
MINUTES: Final = tuple(
    minutes
    for minutes in range(MIN_MINUTES, DAY_MINUTES + 1, MIN_MINUTES)
    if not DAY_MINUTES % minutes
)
_EVERY: Final = re.compile(r"every ([1-9][0-9]{0,3}) minutes")
_DAILY: Final = re.compile(r"daily at ([01][0-9]|2[0-3]):([0-5][0-9]) ([A-Za-z0-9_+/-]{1,64})")
_MANUAL: Final = "manual"
# What every schedule fits; a zone that fits need not exist.
WRITTEN: Final = re.compile(
    rf"every ({'|'.join(map(str, MINUTES))}) minutes|{_DAILY.pattern}|{_MANUAL}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """A slot every so many minutes, counted from midnight UTC."""

    minutes: int  # one of `MINUTES`, so that each day has the same slots

    def __str__(self) -> str:
        """The schedule as people write it."""
        return f"every {self.minutes} minutes"

    def next_slot(self, after: datetime) -> datetime:
        """The first slot after this instant."""
        midnight = _midnight(after)
        gap = timedelta(minutes=self.minutes)
        return midnight + gap * ((after - midnight) // gap + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """One slot a day, when the clocks of a zone show a time.

    Where clocks are put forward over that time, the slot is as long after midnight as on other
    days; where they show it twice, it is the first time.
    """

    hour: int  # 0 to 23
    minute: int  # 0 to 59
    zone: str  # an IANA name such as `Europe/Berlin`

    def __str__(self) -> str:
        """The schedule as people write it."""
        return f"daily at {self.hour:02}:{self.minute:02} {self.zone}"

    def next_slot(self, after: datetime) -> datetime:
        """The first slot after this instant."""
        zone = _zone(self.zone)
        today, at = after.astimezone(zone).date(), time(self.hour, self.minute)
        # A zone that moves over the date line shows one day twice, or never: so yesterday's slot
        # may still come, and today's and tomorrow's may both have passed.
        slots = (
            datetime.combine(today + DAY * days, at, tzinfo=zone).astimezone(UTC)
            for days in (-1, 0, 1, 2)
        )
        return next(slot for slot in slots if slot > after)


@dataclass(frozen=True, slots=True)
class Manual:
    """No slot: the sync runs when somebody asks."""

    def __str__(self) -> str:
        """The schedule as people write it."""
        return _MANUAL

    def next_slot(self, after: datetime) -> None:  # noqa: ARG002 - as the others
        """None."""
        return


Schedule = Every | Daily | Manual
HOURLY: Final = Every(minutes=60)


def parse(text: str) -> Schedule:
    """Read a schedule: `every 15 minutes`, `daily at 03:30 Europe/Berlin` or `manual`.

    Raises:
        BadInput: code `bad_schedule`, field `schedule`.
    """
    if text == _MANUAL:
        return Manual()
    if every := _EVERY.fullmatch(text):
        return _every(int(every[1]))
    if daily := _DAILY.fullmatch(text):
        hour, minute, zone = daily.groups()
        _zone(zone)
        return Daily(hour=int(hour), minute=int(minute), zone=zone)
    raise _bad('must be "every N minutes", "daily at HH:MM ZONE" or "manual"')


def is_due(schedule: Schedule, *, after: datetime, until: datetime) -> bool:
    """Whether there is a slot after the one instant, and not after the other."""
    slot = schedule.next_slot(after)
    return slot is not None and slot <= until


def _every(minutes: int) -> Every:
    if minutes not in MINUTES:
        fitting = ", ".join(map(str, MINUTES))
        raise _bad(f"has {minutes} minutes; must have as many as fit a day evenly: {fitting}")
    return Every(minutes=minutes)


@cache  # nobody has more zones than there are
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as problem:  # no such zone; a folder of zones; a path
        raise _bad(f"names no zone by {name}; write one such as Europe/Berlin or UTC") from problem


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _bad(rule: str) -> BadInput:
    return BadInput(rule, field="schedule", code="bad_schedule")
