"""Numbers as people type them. What Python calls a float, such as `nan` or `inf`, may be none."""

import math
import re
from typing import Any, Final

import typer

MAX_AMOUNT: Final = 1e15  # of anything that is counted; a float counts whole numbers so far
_UNITS: Final = {"": 1, "k": 1e3, "m": 1e6, "b": 1e9}
_AMOUNT: Final = re.compile(r"(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)([kmb]?)", re.IGNORECASE)
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


def amount(text: str | float) -> float:
    """How many, from 0 to a quadrillion, as people write large numbers: `250`, `2.5k` or `10M`.

    Raises:
        typer.BadParameter: `text` is none.
    """
    match = _AMOUNT.fullmatch(str(text).strip())
    value = None if match is None else float(match[1].replace(",", "")) * _UNITS[match[2].lower()]
    if value is None or value > MAX_AMOUNT:
        raise typer.BadParameter(
            f"{str(text)!r} is not an amount, such as 250, 2.5k, 10M or 1B, up to {MAX_AMOUNT:,.0f}"
        )
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
