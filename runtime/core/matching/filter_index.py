"""Finds the filters that an event passes, out of many, without trying each of them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from runtime.core.matching.conditions import Way
from runtime.core.matching.facts import Facts
from runtime.core.matching.patterns import Pattern
from runtime.core.matching.place_table import PlaceTable

BLOCK: Final = 1024  # filters in a block, so that sets of bits stay small and memory grows linearly


class FilterIndex:
    """Filters by the places that they ask about, and then by the values that they accept there."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        alike: dict[frozenset[str], list[tuple[Pattern, Way]]] = {}
        for pattern in patterns:
            for way in pattern.ways:
                alike.setdefault(frozenset(way), []).append((pattern, way))
        self._blocks: dict[str | None, list[_Block]] = {}
        for ways in alike.values():
            for start in range(0, len(ways), BLOCK):
                block = _Block(ways[start : start + BLOCK])
                self._blocks.setdefault(block.place, []).append(block)

    def find(self, facts: Facts) -> Iterator[Pattern]:
        """The filters that the event passes. One filter may come more than once."""
        for place in (None, *facts.values):
            for block in self._blocks.get(place, ()):
                yield from block.find(facts)


class _Block:
    """Up to `BLOCK` filters that ask about the same places."""

    def __init__(self, ways: Sequence[tuple[Pattern, Way]]) -> None:
        self._patterns = [pattern for pattern, _ in ways]
        self._tables = [(place, PlaceTable(way[place] for _, way in ways)) for place in ways[0][1]]

    @property
    def place(self) -> str | None:
        """A place where every filter of the block needs a value; None if there is no such place."""
        return next((place for place, table in self._tables if table.needs_a_value), None)

    def find(self, facts: Facts) -> Iterator[Pattern]:
        candidates = (1 << len(self._patterns)) - 1
        for place, table in self._tables:
            here = table.find(facts.values.get(place, ()))
            if place in facts.in_elements:
                here |= table.absent  # some element may have no value here, which satisfies these
            candidates &= here
            if not candidates:
                return
        while candidates:
            number = candidates.bit_length() - 1
            candidates ^= 1 << number
            pattern = self._patterns[number]
            if pattern.fits(facts):
                yield pattern
