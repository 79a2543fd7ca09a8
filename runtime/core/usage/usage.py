"""What one tenant has used on one day, in UTC."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from runtime.core import ids
from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.shallow import shallow
from runtime.errors import BadInput

TOPIC: Final = "monitor.usage"
# A count that fails is made up for on one of the next days. After that an admin has heard of it,
# and the raw log may forget batches.
LOOK_BACK_DAYS: Final = 3
# A day is counted when it has been over for so long: what got its time in the day's last moment is
# in the raw log by then.
SETTLED: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A tenant's use of one day. A day is that on which the raw log got what is counted."""

    tenant: str
    day: str  # YYYY-MM-DD, in UTC
    events: int = 0  # events, each id once
    event_bytes: int = 0  # of their properties and their profile's names, as JSON in UTF-8
    deliveries: int = 0  # deliveries that had their first attempt
    attempts: int = 0  # attempts of deliveries, the first ones too
    runs: int = 0  # runs of functions, each attempt of one


def notice(usage: Usage, *, at: str) -> Event:
    """The event that tells a tenant of a day's use; the same day makes the same event again.

    Args:
        usage: of a day that has ended.
        at: when it was counted, ISO 8601 UTC.
    """
    fields = {name: value for name, value in shallow(usage).items() if name != "tenant"}
    return Event(
        id=ids.derive("evt", TOPIC, usage.tenant, usage.day),
        tenant=usage.tenant,
        topic=TOPIC,
        occurred_at=at,
        received_at=at,
        origin="system",
        profile=ProfileRef(),
        properties=fields,
    )


def days_before(day: date, *, count: int) -> Iterator[str]:
    """So many days before this one, the earliest first."""
    return ((day - timedelta(days=back)).isoformat() for back in range(count, 0, -1))


def next_day(day: str) -> str:
    """The day after this one."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def read_day(text: str) -> str:
    """A day that somebody has written.

    Raises:
        BadInput: code `bad_time`.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:  # Python also reads weeks, and days without hyphens
        raise BadInput("is no day such as 2026-11-20", code="bad_time")
    return text
