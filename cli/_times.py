"""Times as people type them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import typer

_AGO: Final = re.compile(r"([0-9]{1,6})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


def parse(text: str | None) -> str | None:
    """ISO 8601, from such or from an age like `30m`, `24h` or `7d`."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text)
    if ago:
        age = timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return (datetime.now(UTC) - age).isoformat(timespec="milliseconds")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        raise typer.BadParameter("must be like 24h, 7d or 2026-11-20T13:04:05Z") from problem
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
