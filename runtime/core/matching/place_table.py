"""Looks up which of many filters the values of one place may satisfy.

An answer is a set of bits: bit n stands for filter n. It may contain filters that do not match,
which their own tests then refuse; it never lacks a filter that matches.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from math import inf
from typing import Any

from runtime.core.matching.addresses import read_address, read_network
from runtime.core.matching.numbers import identity, is_number
from runtime.core.matching.range_table import Range, RangeTable
from runtime.core.matching.text_tables import Affixes, IgnoringCase, note
from runtime.core.matching.wildcards import WildcardTable


class PlaceTable:
    """The rules that filters 0, 1, 2 … have for one place. One rule of a filter must hold."""

    def __init__(self, rules: Iterable[Sequence[object]]) -> None:
        self._accepted = _Values()
        self._excluded = _Values()  # by `anything-but`
        self._numbers: list[Range] = []
        self._networks: list[Range] = []
        self._present = 0  # filters that any value may satisfy
        self._but = 0  # filters that every value satisfies except those excluded
        self.absent = 0  # filters that the lack of a value satisfies
        for number, alternatives in enumerate(rules):
            for rule in alternatives:
                self._add(rule, 1 << number)

    @property
    def needs_a_value(self) -> bool:
        """Whether every filter needs a value here."""
        return not self.absent

    def find(self, values: Sequence[Any]) -> int:
        """The filters that these values, which are all of the place's, may satisfy."""
        if not values:
            return self.absent
        matches = self._present
        for value in values:
            matches |= self._accepted.find(value)
            if self._numbers and is_number(value):
                matches |= self._number_table.find(value)
            if self._networks:
                address = read_address(value) if isinstance(value, str) else None
                matches |= 0 if address is None else self._network_table.find(address)
            if self._but:
                matches |= self._but & ~self._excluded.find(value)
        return matches

    @cached_property
    def _number_table(self) -> RangeTable:
        return RangeTable(self._numbers)

    @cached_property
    def _network_table(self) -> RangeTable:
        return RangeTable(self._networks)

    def _add(self, rule: object, bit: int) -> None:
        name, operand = _operator(rule)
        address = read_address(operand) if name == "" and isinstance(operand, str) else None
        if address is not None:
            self._networks.append(Range(address, address, bit))
        elif name == "cidr":
            self._networks.append(Range(*read_network(operand), bit))
        elif name == "numeric":
            self._numbers.append(Range(*_ends(operand), bit))
        elif name == "anything-but":
            self._add_but(operand, bit)
        elif name == "exists" and not operand:
            self.absent |= bit
        elif name == "exists" or not self._accepted.add(name, operand, bit):
            self._present |= bit

    def _add_but(self, operand: object, bit: int) -> None:
        name, excluded = _operator(operand)
        if self._but & bit:
            # The filter has two such rules. Either suffices, so what one excludes the other may let
            # in.
            self._present |= bit
        self._but |= bit
        for each in excluded if isinstance(excluded, list) else [excluded]:
            self._excluded.add(name, each, bit)


class _Values:
    """Filters by the values, beginnings, ends and wildcards that they name, looked up exactly."""

    def __init__(self) -> None:
        self._equal: dict[object, int] = {}
        self._affixes = Affixes()
        self._ignoring_case = IgnoringCase()
        self._wildcards: dict[str, int] = {}

    def add(self, name: str, operand: Any, bit: int) -> bool:
        """Add what a filter names. False if every text matches it, and nothing was added."""
        if name in ("", "exactly"):
            note(self._equal, identity(operand), bit)
        elif name == "wildcard":
            note(self._wildcards, operand, bit)
        elif name == "equals-ignore-case":
            return self._ignoring_case.add("equal", operand, bit)
        elif isinstance(operand, Mapping):
            return self._ignoring_case.add(name, operand["equals-ignore-case"], bit)
        else:
            return self._affixes.add(name, operand, bit)
        return True

    def find(self, value: object) -> int:
        """The filters that name this value, its beginning, its end or a wildcard that it fits."""
        matches = self._equal.get(identity(value), 0)
        if isinstance(value, str):
            matches |= self._affixes.find(value)
            if self._ignoring_case:
                matches |= self._ignoring_case.find(value)
            if self._wildcards:
                matches |= self._wildcard_table.find(value)
        return matches

    @cached_property
    def _wildcard_table(self) -> WildcardTable:
        return WildcardTable(self._wildcards)


def _operator(rule: object) -> tuple[str, Any]:
    """The name of a rule's operator, and its operand; the name is empty for a plain value."""
    name: str
    name, operand = next(iter(rule.items())) if isinstance(rule, Mapping) else ("", rule)
    return name, operand


def _ends(operand: Sequence[Any]) -> tuple[float, float]:
    """The lowest and the highest number that a `numeric` rule may accept."""
    low, high = -inf, inf
    for comparison, number in zip(operand[::2], operand[1::2], strict=True):
        if comparison in (">", ">=", "="):
            low = number
        if comparison in ("<", "<=", "="):
            high = number
    return low, high
