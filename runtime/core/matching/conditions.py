"""What a pattern asks of an event: conditions that must all hold, and `$or` between them.

Arrays make conditions depend on each other: those about the elements of one array must hold in the
same element. AWS's event-ruler goes through the places in alphabetical order: until a condition has
chosen an element, `{"exists": false}` looks through the whole array, and from then on at that
element alone. So does `holds_in_arrays`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from math import prod
from typing import Any, Final, Protocol

from runtime.core.matching.facts import Array, Element, Facts

MAX_WAYS: Final = 32  # that an index keeps of one pattern
Test = Callable[[Any], bool]
Way = Mapping[str, list[Any]]  # place → rules, one of which holds there


class Node(Protocol):
    """A condition, or nodes of which all or any must hold."""

    @property
    def places(self) -> frozenset[str]:
        """Every place that it asks about."""

    @property
    def alternatives(self) -> int:
        """How many lists of conditions `$or` multiplies out to."""

    def is_possible(self, facts: Facts) -> bool:
        """Whether it holds as far as arrays do not matter: False is final, True may not be."""

    def choices(self, facts: Facts) -> Iterator[tuple["Condition", ...]]:
        """The lists of conditions that `$or` multiplies out to, without the impossible ones."""

    def ways(self) -> list[Way]:
        """What an event satisfies one of if it satisfies the node: at most `MAX_WAYS`."""


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """What a pattern asks of one place."""

    place: str
    rules: list[Any]  # as they stand in the pattern; one must hold
    tests: tuple[Test, ...]  # of the rules that want a value
    absent: bool  # whether one rule is `{"exists": false}`

    @property
    def places(self) -> frozenset[str]:
        """Its own place."""
        return frozenset((self.place,))

    @property
    def alternatives(self) -> int:
        """One: itself."""
        return 1

    def is_possible(self, facts: Facts) -> bool:
        """Whether a value satisfies it, or the lack of one does or might in some element."""
        values = facts.values.get(self.place, ())
        if self.absent and (not values or self.place in facts.in_elements):
            return True
        return self.is_satisfied(values)

    def is_satisfied(self, values: Sequence[object]) -> bool:
        """Whether any of the values is what a rule wants."""
        return any(test(value) for value in values for test in self.tests)

    def choices(self, facts: Facts) -> Iterator[tuple["Condition", ...]]:
        """Itself, unless it is impossible."""
        if self.is_possible(facts):
            yield (self,)

    def ways(self) -> list[Way]:
        """Its own rules."""
        return [{self.place: self.rules}]


@dataclass(frozen=True, slots=True, eq=False)
class All:
    """Nodes that must all hold; no two of them ask about the same place."""

    parts: tuple[Node, ...]

    @property
    def places(self) -> frozenset[str]:
        """Those of the parts."""
        return frozenset(chain.from_iterable(part.places for part in self.parts))

    @property
    def alternatives(self) -> int:
        """Each of one part's with each of another's."""
        return prod(part.alternatives for part in self.parts)

    def is_possible(self, facts: Facts) -> bool:
        """Whether every part is."""
        return all(part.is_possible(facts) for part in self.parts)

    def choices(self, facts: Facts) -> Iterator[tuple[Condition, ...]]:
        """Each of one part's with each of another's."""
        for choice in product(*(list(part.choices(facts)) for part in self.parts)):
            yield tuple(chain.from_iterable(choice))

    def ways(self) -> list[Way]:
        """Each of one part's with each of another's, without parts that would make too many."""
        ways: list[Way] = [{}]
        for part in self.parts:
            options = part.ways()
            if len(ways) * len(options) <= MAX_WAYS:
                ways = [{**way, **option} for way in ways for option in options]
        return ways


@dataclass(frozen=True, slots=True, eq=False)
class Either:
    """Nodes of which one must hold: `$or`."""

    branches: tuple[Node, ...]

    @property
    def places(self) -> frozenset[str]:
        """Those of the branches."""
        return frozenset(chain.from_iterable(branch.places for branch in self.branches))

    @property
    def alternatives(self) -> int:
        """The branches' together."""
        return sum(branch.alternatives for branch in self.branches)

    def is_possible(self, facts: Facts) -> bool:
        """Whether any branch is."""
        return any(branch.is_possible(facts) for branch in self.branches)

    def choices(self, facts: Facts) -> Iterator[tuple[Condition, ...]]:
        """Each branch's own."""
        for branch in self.branches:
            yield from branch.choices(facts)

    def ways(self) -> list[Way]:
        """Each branch's own."""
        return [way for branch in self.branches for way in branch.ways()]


def holds_in_arrays(node: Node, facts: Facts) -> bool:
    """Whether the event satisfies the node, all elements of arrays considered."""
    return any(_hold(facts.root, sorted(each, key=_order)) for each in node.choices(facts))


def _order(condition: Condition) -> bytes:
    # Java compares strings by their UTF-16 units.
    return condition.place.encode("utf-16-be")


def _hold(element: Element, conditions: Sequence[Condition]) -> bool:
    """Whether all conditions, given in their order, hold in this element."""
    by_array: dict[Array, list[Condition]] = {}
    for condition in conditions:
        array = element.array_with(condition.place)
        if array is not None:
            by_array.setdefault(array, []).append(condition)
        elif not _holds_here(element, condition):
            return False
    return all(_hold_below(element, array, each) for array, each in by_array.items())


def _holds_here(element: Element, condition: Condition) -> bool:
    values = element.values.get(condition.place)
    return condition.absent if values is None else condition.is_satisfied(values)


def _hold_below(element: Element, array: Array, conditions: list[Condition]) -> bool:
    # A scalar beside the array's elements satisfies a condition without choosing an element. That
    # may help the conditions that follow, or not, so both are tried.
    left = [c for c in conditions if not c.is_satisfied(element.values.get(c.place, ()))]
    if len(left) < len(conditions) and (not left or _hold_in_one(array, left)):
        return True
    return _hold_in_one(array, conditions)


def _hold_in_one(array: Array, conditions: Sequence[Condition]) -> bool:
    # The first condition chooses the element, so it needs a value there: the array has some.
    first = conditions[0].place
    return any(each.has(first) and _hold(each, conditions) for each in array.elements)
