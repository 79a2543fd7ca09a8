"""Reads the dates and times that people and spreadsheets write, and writes them in one form.

Read are the forms that Klaviyo's imports read, and those with the names of months in English.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final

MAX_CHARS: Final = 64  # longer text is no date
_PIVOT: Final = 69  # of years with two digits: 69 is 1969, 68 is 2068, as POSIX has it
_NOON: Final = 12
_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_MONTH: Final = "(?P<name>[a-z]{3,9})\\.?"
_DAY: Final = "(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_TIME: Final = (
    r"(?:(?:t| {1,3}|, {0,3})(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?)?"
    r" ?(?P<half>[ap]m)? ?(?P<offset>z|utc|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_FORMS: Final = tuple(
    re.compile(f"{form}{_TIME}")
    for form in (
        r"(?P<year>[0-9]{4})(?P<sep>[-/.])(?P<month>[0-9]{1,2})(?P=sep)(?P<day>[0-9]{1,2})",
        r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
        r"(?P<one>[0-9]{1,2})(?P<sep>[-/.])(?P<two>[0-9]{1,2})(?P=sep)(?P<year>[0-9]{4}|[0-9]{2})",
        rf"{_MONTH} {{0,2}}{_DAY},? {{1,2}}(?P<year>[0-9]{{4}})",
        rf"{_DAY}[ -]{_MONTH},?[ -](?P<year>[0-9]{{4}})",
    )
)
_EPOCH: Final = re.compile("[0-9]{10}")  # seconds since 1970, of the years 2001 to 2286


class DateOrder(StrEnum):
    """How to read a date such as 03/04/2026."""

    MONTH_FIRST = "month_first"
    DAY_FIRST = "day_first"


def date(text: str, *, order: DateOrder) -> str | None:
    """The date that the text names, as `YYYY-MM-DD`; None when it names none.

    It is the date as it is written: an offset does not move somebody's birthday.
    """
    moment = _read(text, order)
    return None if moment is None else moment.strftime(_date_form(moment))


def date_time(text: str, *, order: DateOrder) -> str | None:
    """The instant that the text names, as `YYYY-MM-DD HH:MM:SS.ff` in UTC; None for no instant.

    Text without an offset is taken for UTC, and text without a time for midnight.
    """
    moment = _read(text, order)
    if moment is None:
        return None
    try:
        instant = moment.astimezone(UTC)
    except OverflowError:  # beyond the years 1 to 9999
        return None
    hundredths = instant.microsecond // 10_000
    return instant.strftime(f"{_date_form(instant)} %H:%M:%S.{hundredths:02d}")


def _date_form(moment: datetime) -> str:
    return f"{moment.year:04d}-%m-%d"  # the C library's %Y leaves out zeros


def _read(text: str, order: DateOrder) -> datetime | None:
    if len(text) > MAX_CHARS:
        return None
    written = text.strip().lower()
    if _EPOCH.fullmatch(written):
        return datetime.fromtimestamp(int(written), UTC)
    for match in _matches(written):
        try:
            return _moment(match.groupdict(), order)
        except ValueError:  # no such month, day or hour
            continue
    return None


def _matches(written: str) -> Iterator[re.Match[str]]:
    for form in _FORMS:
        match = form.fullmatch(written)
        if match is not None:
            yield match


def _moment(parts: dict[str, str | None], order: DateOrder) -> datetime:
    month, day = _month_and_day(parts, order)
    hour = int(parts["hour"] or 0)
    if parts["half"] is not None:
        if not 1 <= hour <= _NOON:
            raise ValueError("no hour of a clock with twelve hours")
        hour = hour % _NOON + (_NOON if parts["half"] == "pm" else 0)
    return datetime(
        year=_year(str(parts["year"])),
        month=month,
        day=day,
        hour=hour,
        minute=int(parts["minute"] or 0),
        second=int(parts["second"] or 0),
        microsecond=int((parts["fraction"] or "0")[:6].ljust(6, "0")),
        tzinfo=_offset(parts["offset"]),
    )


def _month_and_day(parts: dict[str, str | None], order: DateOrder) -> tuple[int, int]:
    name = parts.get("name")
    if name is not None:
        return _month(name), int(str(parts["day"]))
    if parts.get("one") is None:
        return int(str(parts["month"])), int(str(parts["day"]))
    one, two = int(str(parts["one"])), int(str(parts["two"]))
    return (one, two) if order is DateOrder.MONTH_FIRST else (two, one)


def _month(name: str) -> int:
    for number, month in enumerate(_MONTHS, start=1):
        if month.startswith(name) or name == "sept" == month[:4]:
            return number
    raise ValueError("no month")


def _year(digits: str) -> int:
    year = int(digits)
    if len(digits) == len("YYYY"):
        return year
    return year + (1900 if year >= _PIVOT else 2000)


def _offset(text: str | None) -> timezone:
    if text is None or text in {"z", "utc"}:
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
