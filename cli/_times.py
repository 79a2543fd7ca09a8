"""Times as people type them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from runtime.core import timestamps

_SPAN: Final = re.compile(r"([0-9]{1,6})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
Since = Annotated[str | None, typer.Option(help="A time, or an age such as 24h.")]
Until = Annotated[str | None, typer.Option(help="A time, or an age such as 1h.")]


def now() -> str:
    """This moment as ISO 8601."""
    return timestamps.timestamp(datetime.now(UTC))


def parse(text: str | None) -> str | None:
    """The time as ISO 8601; `text` is a time in that form, or an age like `30m`, `24h` or `7d`.

    A time without an offset is one of this machine's zone.

    Raises:
        typer.BadParameter: `text` is neither, or is outside of the years 1 to 9999.
    """
    return _parse(text, sign=-1)


def parse_ahead(text: str | None) -> str | None:
    """As `parse`, but `30m`, `24h` or `7d` count from now on.

    Raises:
        typer.BadParameter: `text` is neither, or is outside of the years 1 to 9999.
    """
    return _parse(text, sign=1)


def _parse(text: str | None, *, sign: int) -> str | None:
    if text is None:
        return None
    try:
        return timestamps.timestamp(_moment(text, sign))
    except (ValueError, OverflowError) as problem:
        raise typer.BadParameter("must be like 24h, 7d or 2026-11-20T13:04:05Z") from problem


def _moment(text: str, sign: int) -> datetime:
    span = _SPAN.fullmatch(text)
    if span:
        return datetime.now(UTC) + sign * timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        return timestamps.moment(text)
    except ValueError:
        return datetime.fromisoformat(text).astimezone(UTC)
