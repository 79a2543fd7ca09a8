"""What many filters ask of one place, turned round: its values say which filters they may satisfy.

Answers are sets of bits: bit n stands for filter n. They may hold a filter too many, which its own
test finds out, but never one too few.
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
    """The rules that filters 0, 1, 2 … have for one place; of each filter's, one must hold."""

    def __init__(self, rules: Iterable[Sequence[object]]) -> None:
        self._wanted = _Values()
        self._unwanted = _Values()
        self._numbers: list[Range] = []
        self._networks: list[Range] = []
        self._present = 0  # filters that any value may satisfy
        self._but = 0  # filters that any value satisfies but the unwanted
        self.absent = 0  # filters that are content without a value
        for number, alternatives in enumerate(rules):
            for rule in alternatives:
                self._add(rule, 1 << number)

    @property
    def needs_a_value(self) -> bool:
        """Whether no filter is content without one."""
        return not self.absent

    def find(self, values: Sequence[Any]) -> int:
        """The filters that may be content with these values, which are all that the place has."""
        if not values:
            return self.absent
        matches = self._present
        for value in values:
            matches |= self._wanted.find(value)
            if self._numbers and is_number(value):
                matches |= self._number_table.find(value)
            if self._networks:
                address = read_address(value) if isinstance(value, str) else None
                matches |= 0 if address is None else self._network_table.find(address)
            if self._but:
                matches |= self._but & ~self._unwanted.find(value)
        return matches

    @cached_property
    def _number_table(self) -> RangeTable:
        return RangeTable(self._numbers)

    @cached_property
    def _network_table(self) -> RangeTable:
        return RangeTable(self._networks)

    def _add(self, rule: object, bit: int) -> None:
        name, operand = _named(rule)
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
        elif name == "exists" or not self._wanted.add(name, operand, bit):
            self._present |= bit

    def _add_but(self, operand: object, bit: int) -> None:
        name, unwanted = _named(operand)
        if self._but & bit:
            # Two such rules: either suffices, and what one excludes the other may let in.
            self._present |= bit
        self._but |= bit
        for each in unwanted if isinstance(unwanted, list) else [unwanted]:
            self._unwanted.add(name, each, bit)


class _Values:
    """Filters by what a value is, how it begins or ends, and the wildcards it fits, all exactly."""

    def __init__(self) -> None:
        self._equal: dict[object, int] = {}
        self._affixes = Affixes()
        self._ignoring_case = IgnoringCase()
        self._wildcards: dict[str, int] = {}

    def add(self, name: str, operand: Any, bit: int) -> bool:
        """Note what the filter names; False if every text is what it names."""
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
        """The filters that name this value."""
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


def _named(rule: object) -> tuple[str, Any]:
    """The operator and what it takes; a plain value has no operator's name."""
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
