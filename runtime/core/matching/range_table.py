"""Looks up filters by the ranges of numbers or addresses that they accept."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple


class Range(NamedTuple):
    """A range that some filters accept, both ends included."""

    first: Any
    last: Any
    filters: int  # a bit for each


class RangeTable:
    """Ranges, cut at all their ends.

    Between two neighbouring cuts, every value is accepted by the same filters.
    """

    def __init__(self, ranges: Iterable[Range]) -> None:
        begins: dict[Any, list[int]] = defaultdict(list)
        ends: dict[Any, list[int]] = defaultdict(list)
        for each in ranges:
            begins[each.first].append(each.filters)
            ends[each.last].append(each.filters)
        self._cuts = sorted({*begins, *ends})
        self._at: list[int] = []  # cut → filters that accept the cut itself
        self._before = [0]  # cut → filters that accept what lies between it and the cut before
        open_ranges: Counter[int] = Counter()  # filter → its ranges that have begun and not ended
        accepting = 0
        for cut in self._cuts:
            for filters in begins.get(cut, ()):
                open_ranges[filters] += 1
                accepting |= filters
            self._at.append(accepting)
            for filters in ends.get(cut, ()):
                open_ranges[filters] -= 1
                accepting &= ~filters if not open_ranges[filters] else -1
            self._before.append(accepting)

    def find(self, value: Any) -> int:
        """The filters that accept this value."""
        cut = bisect_left(self._cuts, value)
        if cut < len(self._cuts) and self._cuts[cut] == value:
            return self._at[cut]
        return self._before[cut]
