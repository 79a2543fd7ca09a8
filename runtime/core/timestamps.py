"""Instants as text: ISO 8601 in UTC, in the one form that sorts as the instants do."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

_LEAP: Final = 60
_MICROSECOND_DIGITS: Final = 6
# Our own grammar, because `datetime.fromisoformat` refuses some of RFC 3339 (a lower-case `t` or
# `z`, the leap second) and takes 24:00 or not by the version of Python.
_MOMENT: Final = re.compile(
    r"(?P<date>[0-9W-]{8,10})[Tt ]"
    r"(?P<hour>[01][0-9]|2[0-3])(?:(?P<colon>:?)(?P<minute>[0-5][0-9])"
    r"(?:(?P=colon)(?P<second>[0-5][0-9]|60)(?:[.,](?P<fraction>[0-9]+))?)?)?"
    r"(?P<offset>[Zz]|(?P<sign>[+-])(?P<hours>[0-9]{2})(?::?(?P<minutes>[0-5][0-9]))?)"
)


def timestamp(moment: datetime) -> str:
    """ISO 8601, UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The instant that a timestamp names, in UTC: RFC 3339 and ISO 8601's forms of the same.

    Second 60, which clocks show at a leap second, is the next minute's first. Of a fraction the
    first six digits count.
    https://www.rfc-editor.org/rfc/rfc3339#section-5.6

    Raises:
        ValueError: not such a text; without an offset; or before the year 1 or after 9999 in UTC.
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
