"""Numbers as people type them. What Python calls a float, such as `nan` or `inf`, may be none."""

import math
from typing import Any, Final

import typer

MAX_S: Final = 31_536_000.0  # a year: nobody waits longer, and clocks cannot count all numbers


def seconds(text: str | float) -> float:
    """A duration in seconds, from 0 to a year.

    Raises:
        typer.BadParameter: `text` is none.
    """
    duration_s = _finite(text)
    if duration_s is None or not 0 <= duration_s <= MAX_S:
        raise typer.BadParameter(
            f"{str(text)!r} is not a number of seconds from 0 to {MAX_S:,.0f}, such as 30 or 0.5"
        )
    return duration_s


def number(text: str | float) -> float:
    """A number.

    Raises:
        typer.BadParameter: `text` is none, or is infinite.
    """
    value = _finite(text)
    if value is None:
        raise typer.BadParameter(f"{str(text)!r} is not a number, such as 10 or 0.5")
    return value


def duration(*names: str, text: str) -> Any:
    """An option that takes a duration in seconds, with this text as its help."""
    return typer.Option(*names, parser=seconds, metavar="SECONDS", help=text)


def _finite(text: str | float) -> float | None:
    try:
        value = float(text)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None
