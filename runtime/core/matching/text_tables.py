"""Looks up filters by the texts that they name: whole texts, beginnings and ends.

A set of filters is a number: bit n stands for filter n.
"""

from collections.abc import Callable
from typing import TypeVar

from runtime.core.matching import ignoring_case

Key = TypeVar("Key")
Table = dict[str, int]  # text → the filters that name it


class Affixes:
    """Filters by the beginnings and ends that they name, in one table for each length."""

    def __init__(self) -> None:
        self._starts: dict[int, Table] = {}
        self._ends: dict[int, Table] = {}

    def add(self, name: str, text: str, bit: int) -> bool:
        """Add a `prefix` or a `suffix`. False if it is empty, so that every text has it."""
        if not text:
            return False
        tables = self._starts if name == "prefix" else self._ends
        note(tables.setdefault(len(text), {}), text, bit)
        return True

    def find(self, text: str) -> int:
        """The filters that name a beginning or an end of this text."""
        matches = 0
        for length, table in self._starts.items():
            matches |= table.get(text[:length], 0)
        for length, table in self._ends.items():
            matches |= table.get(text[-length:], 0)
        return matches


class IgnoringCase:
    """Filters by the texts, beginnings and ends that they name, in any case.

    A key finds candidates, each of which is then compared, so the answers are exact.
    """

    def __init__(self) -> None:
        self._equal: dict[str, Table] = {}  # key → pattern → filters
        self._starts: dict[int, dict[str, Table]] = {}  # length of the key → as above
        self._ends: dict[int, dict[str, Table]] = {}

    def __bool__(self) -> bool:
        return bool(self._equal or self._starts or self._ends)

    def add(self, name: str, pattern: str, bit: int) -> bool:
        """Add an `equal`, a `prefix` or a `suffix`. False if every text has it."""
        key = ignoring_case.key(pattern)
        if name == "equal":
            table = self._equal
        elif key:
            lengths = self._starts if name == "prefix" else self._ends
            table = lengths.setdefault(len(key), {})
        else:
            return False
        # Patterns that differ in case only share an entry, so one comparison decides for both.
        note(table.setdefault(key, {}), pattern.lower() if pattern.isascii() else pattern, bit)
        return True

    def find(self, text: str) -> int:
        """The filters that name this text, its beginning or its end."""
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
    """Add a filter to the set of a key."""
    table[key] = table.get(key, 0) | bit
