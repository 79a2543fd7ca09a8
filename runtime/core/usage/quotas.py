"""How much a tenant may use on one day, in UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from runtime.core.shallow import shallow
from runtime.core.timestamps import timestamp
from runtime.errors import QuotaExceeded


class Metered(StrEnum):
    """What a quota is of."""

    EVENTS = "events"
    DELIVERIES = "deliveries"
    RUNS = "runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """The quotas of a tenant. None of a field means that there is none."""

    events_per_day: int | None = None  # events that are taken in and matched
    deliveries_per_day: int | None = None  # deliveries that get a first attempt
    runs_per_day: int | None = None  # runs that get a first attempt

    def limit(self, metered: Metered) -> int | None:
        """The quota of this; None when there is none."""
        limit: int | None = getattr(self, f"{metered}_per_day")
        return limit

    def to_json(self) -> dict[str, Any]:
        """The quotas as they are stored and shown."""
        return shallow(self)


def within(limit: int, *, used: int, count: int) -> int:
    """How many of the last `count` things are within the quota.

    Args:
        limit: the quota.
        used: what was counted today, with these.
        count: how many there are of these.
    """
    return max(0, min(count, limit - (used - count)))


def day(now: datetime) -> str:
    """The day that a moment counts for."""
    return now.astimezone(UTC).date().isoformat()


def resets_at(now: datetime) -> datetime:
    """When a new day begins, with nothing used of it."""
    today = now.astimezone(UTC).date()
    return datetime.combine(today + timedelta(days=1), time(), tzinfo=UTC)


def exceeded(metered: Metered, *, limit: int, now: datetime) -> QuotaExceeded:
    """The refusal of a call that would use more than is left of today's quota."""
    reset = resets_at(now)
    wait_s = max(1, int((reset - now).total_seconds()))
    return QuotaExceeded(
        f"your tenant may use {limit} {metered} a day, and fewer are left today; none of these was"
        f" taken: send them again from {timestamp(reset)} on, or ask your admin for more",
        retry_after_s=wait_s,
    )
