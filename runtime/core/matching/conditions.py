"""The conditions of a pattern: all must hold, or one branch of an `$or`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from math import prod
from typing import Any, Final, Protocol

from runtime.core.matching.facts import Facts
from runtime.errors import Place

MAX_WAYS: Final = 32  # how many ways an index keeps for one pattern
Test = Callable[[Any], bool]
Way = Mapping[str, list[Any]]  # place → rules, one of which holds there


class Node(Protocol):
    """A condition, or several nodes of which all or any must hold."""

    @property
    def places(self) -> frozenset[str]:
        """Every place that the node asks about."""

    @property
    def alternatives(self) -> int:
        """How many lists of conditions `$or` multiplies out to."""

    def is_possible(self, facts: Facts) -> bool:
        """Whether the node may hold, judged without regard to which values share an array element.

        False is final. True is final for events without arrays at the node's places.
        """

    def refusing(self, facts: Facts, *, together: bool) -> Iterator[tuple["Condition", bool]]:
        """The conditions that may refuse the event; none when the node surely holds.

        Args:
            facts: the event.
            together: whether a condition counts that holds, but in elements of an array, so that it
                may not hold together with others. It then comes with True, any other with False.
        """

    def lists(self) -> Iterator[tuple["Condition", ...]]:
        """The lists of conditions that `$or` multiplies out to."""

    def ways(self) -> list[Way]:
        """At most `MAX_WAYS` ways; an event that satisfies the node satisfies one of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """What a pattern asks of one place."""

    place: str
    at: Place  # where its rules stand in the filter, as errors name it
    rules: list[Any]  # as they stand in the pattern; one must hold
    tests: tuple[Test, ...]  # one for each rule that needs a value
    absent: bool  # whether one rule is `{"exists": false}`

    @property
    def places(self) -> frozenset[str]:
        """The condition's own place."""
        return frozenset((self.place,))

    @property
    def alternatives(self) -> int:
        """Always one: the condition itself."""
        return 1

    def is_possible(self, facts: Facts) -> bool:
        """Whether a value satisfies the condition, or the lack of a value may do so.

        An element of an array may lack a value that another element has.
        """
        values = facts.values.get(self.place, ())
        if self.absent and (not values or self.place in facts.in_elements):
            return True
        return self.is_satisfied(values)

    def is_satisfied(self, values: Sequence[object]) -> bool:
        """Whether any value satisfies any rule."""
        for test in self.tests:  # plain loops, not any(): no other code runs as often
            for value in values:
                if test(value):
                    return True
        return False

    def refusing(self, facts: Facts, *, together: bool) -> Iterator[tuple["Condition", bool]]:
        """The condition itself, unless it holds."""
        if not self.is_possible(facts):
            yield self, False
        elif together and self.place in facts.in_elements:
            yield self, True

    def lists(self) -> Iterator[tuple["Condition", ...]]:
        """One list: the condition itself."""
        yield (self,)

    def ways(self) -> list[Way]:
        """One way: the condition's own rules."""
        return [{self.place: self.rules}]


@dataclass(frozen=True, slots=True, eq=False)
class All:
    """Nodes that must all hold. No two of them ask about the same place."""

    parts: tuple[Node, ...]

    @property
    def places(self) -> frozenset[str]:
        """The places of all parts."""
        return frozenset(chain.from_iterable(part.places for part in self.parts))

    @property
    def alternatives(self) -> int:
        """The product of the parts' numbers."""
        return prod(part.alternatives for part in self.parts)

    def is_possible(self, facts: Facts) -> bool:
        """Whether every part may hold."""
        return all(part.is_possible(facts) for part in self.parts)

    def refusing(self, facts: Facts, *, together: bool) -> Iterator[tuple[Condition, bool]]:
        """Those of every part."""
        for part in self.parts:
            yield from part.refusing(facts, together=together)

    def lists(self) -> Iterator[tuple[Condition, ...]]:
        """Every combination that takes one list from each part."""
        for choice in product(*(tuple(part.lists()) for part in self.parts)):
            yield tuple(chain.from_iterable(choice))

    def ways(self) -> list[Way]:
        """Every combination that takes one way from each part.

        A part that would make more than `MAX_WAYS` combinations is left out, which only makes the
        ways less strict.
        """
        ways: list[Way] = [{}]
        for part in self.parts:
            options = part.ways()
            if len(ways) * len(options) <= MAX_WAYS:
                ways = [{**way, **option} for way in ways for option in options]
        return ways


@dataclass(frozen=True, slots=True, eq=False)
class Either:
    """The branches of an `$or`, of which one must hold."""

    branches: tuple[Node, ...]

    @property
    def places(self) -> frozenset[str]:
        """The places of all branches."""
        return frozenset(chain.from_iterable(branch.places for branch in self.branches))

    @property
    def alternatives(self) -> int:
        """The sum of the branches' numbers."""
        return sum(branch.alternatives for branch in self.branches)

    def is_possible(self, facts: Facts) -> bool:
        """Whether any branch may hold."""
        return any(branch.is_possible(facts) for branch in self.branches)

    def refusing(self, facts: Facts, *, together: bool) -> Iterator[tuple[Condition, bool]]:
        """Those of every branch; none when one branch surely holds."""
        branches = [list(each.refusing(facts, together=together)) for each in self.branches]
        if all(branches):
            yield from chain.from_iterable(branches)

    def lists(self) -> Iterator[tuple[Condition, ...]]:
        """The lists of every branch."""
        for branch in self.branches:
            yield from branch.lists()

    def ways(self) -> list[Way]:
        """The ways of every branch."""
        return [way for branch in self.branches for way in branch.ways()]
