"""Writes numbers as the rows of a table, and publishes the tables by sections."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[1] / "docs" / "reference" / "performance.md"
# The marks of a section, in whose place stands what was measured last.
BEGIN: Final = "<!-- begin: {}, written by make bench -->"
END: Final = "<!-- end: {} -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table."""

    what: str  # what was measured
    value: str  # with its unit
    how: str  # how it was measured, with the number of samples


def percentile(samples: Sequence[float], percent: int) -> float:
    """The value that `percent` of the samples do not exceed."""
    if len(samples) == 1:
        return samples[0]
    return statistics.quantiles(samples, n=100, method="inclusive")[percent - 1]


def spread(samples: Sequence[float], *, unit: str, digits: int = 1) -> str:
    """The median and the 99th percentile of the samples, as text."""
    middle, high = percentile(samples, 50), percentile(samples, 99)
    return f"{middle:.{digits}f} / {high:.{digits}f} {unit}"


def table(rows: Iterable[Row]) -> str:
    """The rows as a table in Markdown."""
    lines = ["| what | value | how |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {row.what} | {row.value} | {row.how} |" for row in rows)])


def publish(section: str, text: str, *, page: Path = PAGE) -> None:
    """Put `text` between the marks of a section of the page, and leave the rest of it alone.

    Raises:
        ValueError: the page has no such marks.
    """
    begin, end = (mark.format(section) for mark in (BEGIN, END))
    before, begin_found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, end_found, after = rest.partition(end)
    if not begin_found or not end_found:
        raise ValueError(f"{page.name} has no marks for the section {section}")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
