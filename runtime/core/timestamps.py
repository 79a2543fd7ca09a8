"""Writes instants as ISO 8601 text in UTC, in one form that sorts by time, and reads them."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LEAP: Final = 60
_MICROSECOND_DIGITS: Final = 6
# `datetime.fromisoformat` will not do: it refuses parts of RFC 3339 (a lower-case `t` or `z`, the
# leap second), and whether it accepts 24:00 depends on the version of Python.
_MOMENT: Final = re.compile(
    r"(?P<date>[0-9W-]{8,10})[Tt ]"
    r"(?P<hour>[01][0-9]|2[0-3])(?:(?P<colon>:?)(?P<minute>[0-5][0-9])"
    r"(?:(?P=colon)(?P<second>[0-5][0-9]|60)(?:[.,](?P<fraction>[0-9]+))?)?)?"
    r"(?P<offset>[Zz]|(?P<sign>[+-])(?P<hours>[0-9]{2})(?::?(?P<minutes>[0-5][0-9]))?)"
)


def timestamp(moment: datetime) -> str:
    """Write an instant as ISO 8601 in UTC with milliseconds and `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def of_epoch_ms(at_ms: int) -> str:
    """Write an instant that is known as milliseconds since the epoch."""
    return timestamp(_EPOCH + timedelta(milliseconds=at_ms))


def epoch_ms(text: str) -> int:
    """The instant of a timestamp as milliseconds since the epoch, negative before it.

    Raises:
        ValueError: as `moment`.
    """
    return (moment(text) - _EPOCH) // timedelta(milliseconds=1)


def moment(text: str) -> datetime:
    """Read a timestamp in RFC 3339, or in ISO 8601's forms of the same, as an instant in UTC.

    Clocks show second 60 at a leap second; it is read as the first second of the next minute. Only
    the first six digits of a fraction count.
    https://www.rfc-editor.org/rfc/rfc3339#section-5.6

    Raises:
        ValueError: the text is no timestamp, has no offset, or names an instant outside of the
            years 1 to 9999 in UTC.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError("not RFC 3339 with an offset")
    second = int(match["second"] or 0)
    whole = datetime.combine(
        date.fromisoformat(match["date"]),
        time(int(match["hour"]), int(match["minute"] or 0), min(second, _LEAP - 1)),
        tzinfo=_offset(match),
    )
    digits = (match["fraction"] or "")[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0")
    beyond = timedelta(seconds=second // _LEAP, microseconds=int(digits))
    try:
        return (whole + beyond).astimezone(UTC)
    except OverflowError as problem:
        raise ValueError("outside of the years 1 to 9999") from problem


def _offset(match: re.Match[str]) -> timezone:
    if match["sign"] is None:
        return UTC
    size = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
    return timezone(-size if match["sign"] == "-" else size)
