"""What many filters ask of one place, turned round: its values say which filters they may satisfy.

Answers are sets of bits: bit n stands for filter n. They may hold a filter too many, which its own
test finds out, but never one too few.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from math import inf
from operator import or_
from typing import Any

from runtime.core.matching import ignoring_case, operators
from runtime.core.matching.addresses import read_address
from runtime.core.matching.numbers import identity, is_number

_Table = dict[Any, int]


class PlaceTable:
    """The rules that filters 0, 1, 2 … have for one place; of each filter's, one must hold."""

    def __init__(self, rules: Iterable[Sequence[object]]) -> None:
        self._wanted = _Values()
        self._unwanted = _Values()
        self._globs: _Globs | None = None
        self._present = 0  # filters that any value may satisfy
        self._but = 0  # filters that any value satisfies but the unwanted
        self._absent = 0  # filters that are content without a value
        ranges: list[tuple[float, float, int]] = []
        for number, alternatives in enumerate(rules):
            for rule in alternatives:
                self._add(rule, 1 << number, ranges)
        self._ranges = _Ranges(ranges) if ranges else None

    @property
    def needs_a_value(self) -> bool:
        """Whether no filter is content without one."""
        return not self._absent

    def find(self, values: Sequence[Any], *, in_elements: bool) -> int:
        """The filters that may be content with these values.

        Args:
            values: all that the event has at this place.
            in_elements: whether an array's element has one of them, because another element, which
                a filter may be about, then may have none.
        """
        if not values:
            return self._absent
        found = self._present | (self._absent if in_elements else 0)
        for value in values:
            found |= self._wanted.find(value)
            if self._globs is not None and isinstance(value, str):
                found |= self._globs.find(value)
            if self._ranges is not None and is_number(value):
                found |= self._ranges.find(value)
            if self._but:
                found |= self._but & ~self._unwanted.find(value)
        return found

    def _add(self, rule: object, bit: int, ranges: list[tuple[float, float, int]]) -> None:
        name: str
        operand: Any
        name, operand = next(iter(rule.items())) if isinstance(rule, Mapping) else ("", rule)
        if name == "" and isinstance(operand, str) and read_address(operand) is not None:
            self._present |= bit  # an address may be written in many ways
        elif name == "exists" and not operand:
            self._absent |= bit
        elif name == "numeric":
            ranges.append((*_ends(operand), bit))
        elif name == "anything-but":
            self._add_but(operand, bit)
        elif name == "wildcard":
            self._globs = self._globs or _Globs()
            self._globs.add(operators.literals(operand), bit)
        elif not self._wanted.add((name, operand), bit):
            self._present |= bit

    def _add_but(self, operand: object, bit: int) -> None:
        name, unwanted = "", operand
        if isinstance(operand, Mapping):
            name, unwanted = next(iter(operand.items()))
        each = unwanted if isinstance(unwanted, list) else [unwanted]
        # The unwanted are taken away, so they must be known exactly; a wildcard's are not. Of two
        # such rules either would do, and taking away what both do not want would be too much.
        if self._but & bit or not all(self._unwanted.add((name, item), bit) for item in each):
            self._present |= bit
        else:
            self._but |= bit


class _Values:
    """Filters by the value they name, by how it begins and by how it ends; case may not matter."""

    def __init__(self) -> None:
        self._equal: _Table = {}
        self._affixes = _Affixes()
        self._ignoring_case = _IgnoringCase()

    def add(self, rule: tuple[str, Any], bit: int) -> bool:
        """Note what the filter names; False if the rule names nothing to look up."""
        name, operand = rule
        if name in ("", "exactly"):
            _note(self._equal, identity(operand), bit)
            return True
        if name == "equals-ignore-case":
            return self._ignoring_case.add("equal", operand, bit)
        if isinstance(operand, Mapping):
            return self._ignoring_case.add(name, operand["equals-ignore-case"], bit)
        return self._affixes.add(name, operand, bit)

    def find(self, value: object) -> int:
        """The filters that name this value."""
        found = self._equal.get(identity(value), 0)
        if isinstance(value, str):
            found |= self._affixes.find(value)
            if self._ignoring_case:
                found |= self._ignoring_case.find(value)
        return found


class _IgnoringCase:
    """Filters by what a text is, how it begins and how it ends, whatever its case.

    A key finds candidates, which are then compared: what is found does name the text.
    """

    def __init__(self) -> None:
        self._equal: dict[str, _Table] = {}  # key → what is wanted → filters
        self._starts: dict[int, dict[str, _Table]] = {}  # length of the key → as above
        self._ends: dict[int, dict[str, _Table]] = {}

    def __bool__(self) -> bool:
        return bool(self._equal or self._starts or self._ends)

    def add(self, name: str, wanted: str, bit: int) -> bool:
        key = ignoring_case.key(wanted)
        if name == "equal":
            table = self._equal
        elif key:
            lengths = self._starts if name == "prefix" else self._ends
            table = lengths.setdefault(len(key), {})
        else:
            return False
        # Both cases of a letter are one wish, so that one comparison answers for both.
        _note(table.setdefault(key, {}), wanted.lower() if wanted.isascii() else wanted, bit)
        return True

    def find(self, text: str) -> int:
        key = ignoring_case.key(text)
        found = _compared(text, self._equal.get(key), ignoring_case.equals)
        for length, table in self._starts.items():
            found |= _compared(text, table.get(key[:length]), ignoring_case.starts_with)
        for length, table in self._ends.items():
            found |= _compared(text, table.get(key[-length:]), ignoring_case.ends_with)
        return found


def _compared(text: str, candidates: _Table | None, test: Callable[[str, str], bool]) -> int:
    found = 0
    for wanted, bits in (candidates or {}).items():
        if test(text, wanted):
            found |= bits
    return found


class _Affixes:
    """Filters by how a text begins or ends, in a table for each length that they name."""

    def __init__(self) -> None:
        self._starts: dict[int, _Table] = {}
        self._ends: dict[int, _Table] = {}

    def add(self, name: str, text: object, bit: int) -> bool:
        tables = {"prefix": self._starts, "suffix": self._ends}.get(name)
        if tables is None or not isinstance(text, str) or not text:
            return False
        _note(tables.setdefault(len(text), {}), text, bit)
        return True

    def find(self, text: str) -> int:
        found = 0
        for length, table in self._starts.items():
            found |= table.get(text[:length], 0)
        for length, table in self._ends.items():
            found |= table.get(text[-length:], 0)
        return found


class _Globs:
    """Filters by how a text must begin and how it must end, whatever must be in between."""

    def __init__(self) -> None:
        self._affixes = {"prefix": _Affixes(), "suffix": _Affixes()}
        self._any = {"prefix": 0, "suffix": 0}  # filters that name no beginning, or no end

    def add(self, literals: Sequence[str], bit: int) -> None:
        for name, text in (("prefix", literals[0]), ("suffix", literals[-1])):
            if not self._affixes[name].add(name, text, bit):
                self._any[name] |= bit

    def find(self, text: str) -> int:
        found = -1
        for name, affixes in self._affixes.items():
            found &= self._any[name] | affixes.find(text)
        return found


class _Ranges:
    """Filters by the numbers they accept, from a lowest to a highest."""

    def __init__(self, ranges: Iterable[tuple[float, float, int]]) -> None:
        lows = sorted((low, bit) for low, _, bit in ranges)
        highs = sorted((high, bit) for _, high, bit in ranges)
        self._lows = [low for low, _ in lows]
        self._highs = [high for high, _ in highs]
        # After the first n lows, who has one of them; and the same of the last n highs.
        self._above = list(accumulate((bit for _, bit in lows), or_, initial=0))
        self._below = list(accumulate((bit for _, bit in reversed(highs)), or_, initial=0))

    def find(self, number: float) -> int:
        above = self._above[bisect_right(self._lows, number)]
        return above & self._below[len(self._highs) - bisect_left(self._highs, number)]


def _ends(operand: Sequence[Any]) -> tuple[float, float]:
    """The lowest and the highest number that a `numeric` rule may accept."""
    low, high = -inf, inf
    for comparison, number in zip(operand[::2], operand[1::2], strict=True):
        if comparison in (">", ">=", "="):
            low = number
        if comparison in ("<", "<=", "="):
            high = number
    return low, high


def _note(table: _Table, key: object, bit: int) -> None:
    table[key] = table.get(key, 0) | bit
