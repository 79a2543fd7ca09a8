"""Filters by the texts that they name: as a whole, as a beginning or as an end.

A set of filters is a number: bit n stands for filter n.
"""

from collections.abc import Callable
from typing import TypeVar

from runtime.core.matching import ignoring_case

Key = TypeVar("Key")
Table = dict[str, int]  # what is named → the filters that name it


class Affixes:
    """Filters by how a text begins or ends, in a table for each length that they name."""

    def __init__(self) -> None:
        self._starts: dict[int, Table] = {}
        self._ends: dict[int, Table] = {}

    def add(self, name: str, text: str, bit: int) -> bool:
        """Note a `prefix` or a `suffix`; False if every text has it."""
        if not text:
            return False
        tables = self._starts if name == "prefix" else self._ends
        note(tables.setdefault(len(text), {}), text, bit)
        return True

    def find(self, text: str) -> int:
        """The filters that name how this text begins or ends."""
        matches = 0
        for length, table in self._starts.items():
            matches |= table.get(text[:length], 0)
        for length, table in self._ends.items():
            matches |= table.get(text[-length:], 0)
        return matches


class IgnoringCase:
    """Filters by what a text is, how it begins and how it ends, whatever its case.

    A key finds candidates, which are then compared: what is found does name the text.
    """

    def __init__(self) -> None:
        self._equal: dict[str, Table] = {}  # key → what is wanted → filters
        self._starts: dict[int, dict[str, Table]] = {}  # length of the key → as above
        self._ends: dict[int, dict[str, Table]] = {}

    def __bool__(self) -> bool:
        return bool(self._equal or self._starts or self._ends)

    def add(self, name: str, pattern: str, bit: int) -> bool:
        """Note an `equal`, a `prefix` or a `suffix`; False if every text has it."""
        key = ignoring_case.key(pattern)
        if name == "equal":
            table = self._equal
        elif key:
            lengths = self._starts if name == "prefix" else self._ends
            table = lengths.setdefault(len(key), {})
        else:
            return False
        # Both cases of a letter are one wish, so that one comparison answers for both.
        note(table.setdefault(key, {}), pattern.lower() if pattern.isascii() else pattern, bit)
        return True

    def find(self, text: str) -> int:
        """The filters that name this text, how it begins or how it ends."""
        key = ignoring_case.key(text)
        matches = 0
        if key in self._equal:
            matches |= _compared(text, self._equal[key], ignoring_case.equals)
        for length, table in self._starts.items():
            if key[:length] in table:
                matches |= _compared(text, table[key[:length]], ignoring_case.starts_with)
        for length, table in self._ends.items():
            if key[-length:] in table:
                matches |= _compared(text, table[key[-length:]], ignoring_case.ends_with)
        return matches


def _compared(text: str, candidates: Table, test: Callable[[str, str], bool]) -> int:
    matches = 0
    for pattern, bits in candidates.items():
        if test(text, pattern):
            matches |= bits
    return matches


def note(table: dict[Key, int], key: Key, bit: int) -> None:
    """Add a filter to those of a key."""
    table[key] = table.get(key, 0) | bit
