"""An endpoint's rate limit: numbered tickets, of which each window of time has so many.

Ticket n belongs to window n // count, and windows are counted from the epoch. So the next ticket is
handed out by one addition in the table, it says when its delivery may go, and no window gets more
than its share, however many workers ask.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_COUNT: Final = 10_000
# A queue delivers to the second, not to the millisecond. A ticket may be used this much after the
# end of its window. Later it is void, or the tickets of a whole minute might be used in one second.
LATE_MS: Final = 5_000
# What waits for a turn comes back spread over this time. With the ten minutes by which the sweep
# wakes it early, that is within the 15 minutes that a message can wait on the queue.
MAX_SPREAD_MS: Final = 240_000


class Per(StrEnum):
    """The window."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"


_WINDOW_MS: Final = {Per.SECOND: 1_000, Per.MINUTE: 60_000, Per.HOUR: 3_600_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """At most `count` attempts in each second, minute or hour of the clock."""

    count: int
    per: Per

    @property
    def window_ms(self) -> int:
        """How long a window is."""
        return _WINDOW_MS[self.per]

    @property
    def name(self) -> str:
        """Tells it from other limits."""
        return f"{self.count}/{self.per}"


def first_ticket(limit: RateLimit, *, now_ms: int) -> int:
    """The first ticket of the present window; those below it are past."""
    return now_ms // limit.window_ms * limit.count


def turn_ms(limit: RateLimit, *, ticket: int) -> int:
    """When the ticket's window begins."""
    return ticket // limit.count * limit.window_ms


def is_valid(limit: RateLimit, *, turn_ms: int, now_ms: int) -> bool:
    """Whether a ticket for that window may be used now."""
    return turn_ms <= now_ms < turn_ms + max(limit.window_ms, LATE_MS)


def wake_ms(limit: RateLimit, *, turn_ms: int, dice: float) -> int:
    """When to come back for a turn: not all at once, and well before the window ends."""
    return turn_ms + int(min(limit.window_ms / 2, MAX_SPREAD_MS) * dice)
