"""Compiles EventBridge event patterns.

A pattern that EventBridge would refuse is refused here, with the reason. A pattern therefore means
the same to both.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from runtime.core import json_text
from runtime.core.matching import operators
from runtime.core.matching.conditions import All, Condition, Either, Node, Way
from runtime.core.matching.elements import Asked, hold, in_order
from runtime.core.matching.facts import Facts
from runtime.errors import BadInput, Place

MAX_PATTERN_CHARS: Final = 2048  # EventBridge's own limit
MAX_ALTERNATIVES: Final = 1000  # EventBridge's limit on what `$or` multiplies out to
_OR: Final = "$or"
_MIN_BRANCHES: Final = 2


@dataclass(frozen=True, eq=False)
class Pattern:
    """A compiled pattern."""

    node: Node
    places: frozenset[str]  # every place that the pattern asks about
    # Each event that matches the pattern satisfies one of these. Other events may do so, too.
    ways: tuple[Way, ...]

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether the envelope, given as JSON, fits the pattern."""
        return self.fits(Facts(event))

    def fits(self, facts: Facts) -> bool:
        """Whether the event with these facts fits the pattern."""
        if not self.node.is_possible(facts):
            return False
        return self.places.isdisjoint(facts.in_elements) or hold(self._asked, facts)

    @cached_property
    def _asked(self) -> tuple[Asked, ...]:
        # Built for the first event with an array at these places: most filters never see one.
        return in_order(self.node)


def compile_pattern(pattern: object, *, at: Place = ("filter",)) -> Pattern:
    """Compile a pattern.

    Raises:
        BadInput: code `bad_filter`; the error names the place and the reason.
    """
    if not isinstance(pattern, Mapping):
        raise operators.bad("a pattern is a JSON object", at)
    json_text.check_json(
        pattern, at=at, any_integer=True
    )  # larger than any event's: it matches none
    if len(json_text.dump(pattern)) > MAX_PATTERN_CHARS:
        raise operators.bad(f"a pattern has at most {MAX_PATTERN_CHARS} characters", at)
    node = _object(pattern, _Spot("", at))
    if node.alternatives > MAX_ALTERNATIVES:
        raise operators.bad(f"$or multiplies out to more than {MAX_ALTERNATIVES} rules", at)
    return Pattern(node, node.places, tuple(node.ways()))


class _Spot(NamedTuple):
    """A spot in a pattern."""

    place: str  # in the event that the pattern asks about
    at: Place  # in the pattern, for the error message
    in_or: bool = False  # whether an `$or` surrounds it

    def below(self, name: str) -> "_Spot":
        place = f"{self.place}.{name}" if self.place else name
        return _Spot(place, (*self.at, name), self.in_or)

    def bad(self, reason: str) -> BadInput:
        return operators.bad(reason, self.at)


def _object(pattern: Mapping[str, Any], spot: _Spot) -> Node:
    if not pattern:
        raise spot.bad("an empty object asks for nothing; name a field")
    nodes = [_field(name, rule, spot) for name, rule in pattern.items()]
    if len(nodes) == 1:
        return nodes[0]
    twice = [place for place, times in _places(nodes).items() if times > 1]
    if twice:
        # EventBridge's compiler would silently drop all rules but the last.
        raise spot.bad(f"{min(twice)!r} is asked about twice; put all its rules into one array")
    return All(tuple(nodes))


def _places(nodes: Iterable[Node]) -> Counter[str]:
    return Counter(place for node in nodes for place in node.places)


def _field(name: str, rule: object, spot: _Spot) -> Node:
    if name == _OR:
        return _either(rule, _Spot(spot.place, (*spot.at, _OR), in_or=True))
    below = spot.below(name)
    if spot.in_or and name in operators.RESERVED:
        raise below.bad(f"no field inside {_OR} may be called {name!r}, like an operator")
    if isinstance(rule, Mapping):
        return _object(rule, below)
    if isinstance(rule, list):
        return _condition(rule, below)
    raise below.bad("must be an object or an array")


def _either(rule: object, spot: _Spot) -> Node:
    if not isinstance(rule, list) or len(rule) < _MIN_BRANCHES:
        raise spot.bad("takes an array of two or more objects")
    branches = [spot._replace(at=(*spot.at, n)) for n in range(len(rule))]
    for branch, each in zip(branches, rule, strict=True):
        if not isinstance(each, Mapping):
            raise branch.bad("must be an object")
    return Either(tuple(map(_object, rule, branches)))


def _condition(rules: list[Any], spot: _Spot) -> Condition:
    if not rules:
        raise spot.bad("an empty array matches nothing")
    tests = [operators.compile_rule(rule, (*spot.at, n)) for n, rule in enumerate(rules)]
    present = tuple(test for test in tests if test is not operators.ABSENT)
    absent = len(present) < len(tests)
    return Condition(spot.place, spot.at, rules, present, absent=absent)
