"""EventBridge event patterns: every operator, compiled once.

A pattern that EventBridge would refuse is refused here with its reason, so that what a subscription
means never depends on which of the two reads it.
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
from runtime.errors import BadInput

MAX_PATTERN_CHARS: Final = 2048  # EventBridge's own limit
MAX_ALTERNATIVES: Final = 1000  # EventBridge's limit on what `$or` multiplies out to
_OR: Final = "$or"
_MIN_BRANCHES: Final = 2


@dataclass(frozen=True, eq=False)
class Pattern:
    """A compiled pattern; an event that matches it fits one of its `ways`, but not only such do."""

    node: Node
    places: frozenset[str]  # that it asks about
    ways: tuple[Way, ...]

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether the envelope, as JSON, fits."""
        return self.fits(Facts(event))

    def fits(self, facts: Facts) -> bool:
        """Whether the event that these are the facts of fits."""
        if not self.node.is_possible(facts):
            return False
        return self.places.isdisjoint(facts.in_elements) or hold(self._asked, facts)

    @cached_property
    def _asked(self) -> tuple[Asked, ...]:
        # Made for the first event that has an array here: most filters see none.
        return in_order(self.node)


def compile_pattern(pattern: object, *, at: str = "filter") -> Pattern:
    """The pattern, ready to be asked.

    Raises:
        BadInput: `bad_filter`, naming the place and the reason.
    """
    if not isinstance(pattern, Mapping):
        raise operators.bad("a pattern is a JSON object", at)
    json_text.check_json(pattern, at=at, any_integer=True)  # one that no event has matches none
    if len(json_text.dump(pattern)) > MAX_PATTERN_CHARS:
        raise operators.bad(f"a pattern has at most {MAX_PATTERN_CHARS} characters", at)
    node = _object(pattern, _Spot("", at))
    if node.alternatives > MAX_ALTERNATIVES:
        raise operators.bad(f"$or multiplies out to more than {MAX_ALTERNATIVES} rules", at)
    return Pattern(node, node.places, tuple(node.ways()))


class _Spot(NamedTuple):
    """Where in a pattern we are."""

    place: str  # of the event
    at: str  # of the pattern, for whoever must mend it
    in_or: bool = False

    def below(self, name: str) -> "_Spot":
        place = f"{self.place}.{name}" if self.place else name
        return _Spot(place, f"{self.at}.{name}", self.in_or)

    def bad(self, reason: str) -> BadInput:
        return operators.bad(reason, self.at)


def _object(pattern: Mapping[str, Any], spot: _Spot) -> Node:
    if not pattern:
        raise spot.bad("an empty object matches nothing in particular")
    nodes = [_field(name, rule, spot) for name, rule in pattern.items()]
    if len(nodes) == 1:
        return nodes[0]
    twice = [place for place, times in _places(nodes).items() if times > 1]
    if twice:
        # EventBridge's compiler drops all but the last, and with them what somebody asked for.
        raise spot.bad(f"{min(twice)!r} is asked about twice; put all its rules into one array")
    return All(tuple(nodes))


def _places(nodes: Iterable[Node]) -> Counter[str]:
    return Counter(place for node in nodes for place in node.places)


def _field(name: str, rule: object, spot: _Spot) -> Node:
    if name == _OR:
        return _either(rule, _Spot(spot.place, f"{spot.at}.{_OR}", in_or=True))
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
    branches = [spot._replace(at=f"{spot.at}[{n}]") for n in range(len(rule))]
    for branch, each in zip(branches, rule, strict=True):
        if not isinstance(each, Mapping):
            raise branch.bad("must be an object")
    return Either(tuple(map(_object, rule, branches)))


def _condition(rules: list[Any], spot: _Spot) -> Condition:
    if not rules:
        raise spot.bad("an empty array matches nothing")
    tests = [operators.compile_rule(rule, f"{spot.at}[{n}]") for n, rule in enumerate(rules)]
    present = tuple(test for test in tests if test is not operators.ABSENT)
    return Condition(spot.place, rules, present, absent=len(present) < len(tests))
