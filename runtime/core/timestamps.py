"""Instants as text: ISO 8601 in UTC, in the one form that sorts as the instants do."""

from datetime import UTC, datetime


def timestamp(moment: datetime) -> str:
    """ISO 8601, UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The instant that a timestamp names; naive ones are refused.

    Raises:
        ValueError: not ISO 8601 with an offset.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("no UTC offset")
    return instant.astimezone(UTC)
