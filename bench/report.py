"""Numbers as rows, and rows as the table that is printed and published."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[1] / "docs" / "reference" / "performance.md"
BEGIN: Final = "<!-- begin: written by make bench -->"
END: Final = "<!-- end: written by make bench -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured thing, with the unit and the number of samples in it."""

    what: str
    value: str
    how: str


def percentile(samples: Sequence[float], percent: int) -> float:
    """The value that `percent` of the samples do not exceed."""
    if len(samples) == 1:
        return samples[0]
    return statistics.quantiles(samples, n=100, method="inclusive")[percent - 1]


def spread(samples: Sequence[float], *, unit: str, digits: int = 1) -> str:
    """p50 and p99 of the samples."""
    middle, high = percentile(samples, 50), percentile(samples, 99)
    return f"{middle:.{digits}f} / {high:.{digits}f} {unit}"


def table(rows: Iterable[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| what | value | how |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {row.what} | {row.value} | {row.how} |" for row in rows)])


def publish(text: str, page: Path = PAGE) -> None:
    """Put `text` between the marks of the page, leaving the words around it alone."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
