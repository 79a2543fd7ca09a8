"""What a pattern asks of an event: conditions that must all hold, and `$or` between them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from math import prod
from typing import Any, Final, Protocol

from runtime.core.matching.facts import Facts

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

    def lists(self) -> Iterator[tuple["Condition", ...]]:
        """The lists of conditions that `$or` multiplies out to."""

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
        for test in self.tests:  # not any(): this is asked most often of all
            for value in values:
                if test(value):
                    return True
        return False

    def lists(self) -> Iterator[tuple["Condition", ...]]:
        """Itself."""
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

    def lists(self) -> Iterator[tuple[Condition, ...]]:
        """Each of one part's with each of another's."""
        for choice in product(*(tuple(part.lists()) for part in self.parts)):
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

    def lists(self) -> Iterator[tuple[Condition, ...]]:
        """Each branch's own."""
        for branch in self.branches:
            yield from branch.lists()

    def ways(self) -> list[Way]:
        """Each branch's own."""
        return [way for branch in self.branches for way in branch.ways()]
