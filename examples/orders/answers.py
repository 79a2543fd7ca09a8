"""The answers to three questions about the order log, by a plain script over the text file.

`months.sql`, `rfm.sql` and `repeat.sql` ask a warehouse the same, and must give the same.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

LOG: Final = Path(__file__).parent / "cdnow_sample.txt"
Row = tuple[str, ...]
Line = tuple[str, str, Decimal]  # customer, date (YYYYMMDD), dollars


def lines(path: Path = LOG, *, limit: int | None = None) -> list[Line]:
    """The first `limit` orders of the file; all if it is None."""
    words = [text.split() for text in path.read_text(encoding="utf-8-sig").splitlines()]
    return [(customer, day, Decimal(dollars)) for _, customer, day, _, dollars in words[:limit]]


def months(orders: Iterable[Line]) -> list[Row]:
    """Month, orders and dollars: a row for each month that has one."""
    count: dict[str, int] = defaultdict(int)
    dollars: dict[str, Decimal] = defaultdict(Decimal)
    for _, day, value in orders:
        month = f"{day[:4]}-{day[4:6]}-01"
        count[month] += 1
        dollars[month] += value
    return [(month, str(count[month]), f"{dollars[month]:.2f}") for month in sorted(count)]


def rfm(orders: Iterable[Line]) -> list[Row]:
    """RFM code, customers and dollars: a row for each code that somebody has, the best first.

    Each digit is 1 to 5: the fifth of the customers that somebody is in by the latest order, by the
    number of orders and by the dollars. Who are alike are in the same fifth, the lowest of theirs.
    """
    latest: dict[str, str] = defaultdict(str)
    count: dict[str, int] = defaultdict(int)
    dollars: dict[str, Decimal] = defaultdict(Decimal)
    for customer, day, value in orders:
        latest[customer] = max(latest[customer], day)
        count[customer] += 1
        dollars[customer] += value
    digits = [_fifths(latest), _fifths(count), _fifths(dollars)]
    customers: dict[str, int] = defaultdict(int)
    value_of: dict[str, Decimal] = defaultdict(Decimal)
    for customer, value in dollars.items():
        code = "".join(str(digit[customer]) for digit in digits)
        customers[code] += 1
        value_of[code] += value
    codes = sorted(customers, reverse=True)
    return [(code, str(customers[code]), f"{value_of[code]:.2f}") for code in codes]


def repeat(orders: Iterable[Line]) -> list[Row]:
    """How many customers there are, and how many of them ordered more than once."""
    count: dict[str, int] = defaultdict(int)
    for customer, _, _ in orders:
        count[customer] += 1
    return [(str(len(count)), str(sum(n > 1 for n in count.values())))]


def _fifths(values: Mapping[str, Any]) -> dict[str, int]:
    ordered = sorted(values.values())
    first = {value: place for place, value in reversed(list(enumerate(ordered)))}
    return {name: 1 + 5 * first[value] // len(ordered) for name, value in values.items()}


HEADS: Final = {
    "months": ("month", "orders", "dollars"),
    "rfm": ("rfm", "customers", "dollars"),
    "repeat": ("customers", "came_back"),
}
QUESTIONS: Final = {"months": months, "rfm": rfm, "repeat": repeat}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one answer as CSV, as `penstock query --csv` does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("question", choices=QUESTIONS)
    parser.add_argument("--limit", type=int, default=None, help="orders to take; all if left out")
    options = parser.parse_args(arguments)
    answer = QUESTIONS[options.question](lines(limit=options.limit))
    for row in [HEADS[options.question], *answer]:
        sys.stdout.write(",".join(row) + "\n")


if __name__ == "__main__":
    main()
