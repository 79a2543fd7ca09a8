"""Finds the rows that a warehouse refuses, by asking about halves of a file."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

# Questions about one load in one run, each of which takes a warehouse some seconds. What is not
# found by then is found by the next run, whose files leave out the rows that are known.
MAX_QUESTIONS: Final = 60


class BadRow(NamedTuple):
    """A row that is refused."""

    number: int  # of the row in its file, from 0
    reason: str  # in the warehouse's own words


def bad_rows(
    rows: int, ask: Callable[[range], str], *, questions: int = MAX_QUESTIONS
) -> Iterator[BadRow]:
    """The rows that are refused, in their order, as far as `questions` lead.

    Args:
        rows: how many rows the file has.
        ask: why the warehouse refuses these rows; empty if it takes them.
        questions: at most so many are asked.
    """
    parts = [range(rows)]
    for _ in range(questions):
        if not parts:
            return
        part = parts.pop()
        reason = ask(part) if part else ""
        if not reason:
            continue
        if len(part) == 1:
            yield BadRow(part.start, reason)
            continue
        middle = part.start + len(part) // 2
        halves = [range(*ends) for ends in pairwise((part.start, middle, part.stop))]
        parts.extend(reversed(halves))
