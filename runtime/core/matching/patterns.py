"""EventBridge event patterns: every operator, compiled once.

A pattern that EventBridge would refuse is refused here with its reason, so that what a subscription
means never depends on which of the two reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from runtime.core import json_text
from runtime.core.matching import operators
from runtime.core.matching.conditions import All, Condition, Either, Node, Way, holds
from runtime.core.matching.facts import Facts

MAX_PATTERN_CHARS: Final = 2048  # EventBridge's own limit
MAX_ALTERNATIVES: Final = 1000  # EventBridge's limit on what `$or` multiplies out to
_OR: Final = "$or"


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A compiled pattern; an event that matches it fits one of its `ways`, but not only such do."""

    node: Node
    ways: tuple[Way, ...]

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether the envelope, as JSON, fits."""
        return self.fits(Facts(event))

    def fits(self, facts: Facts) -> bool:
        """Whether the event that these are the facts of fits."""
        return holds(self.node, facts)


def compile_pattern(pattern: object, *, at: str = "filter") -> Pattern:
    """The pattern, ready to be asked.

    Raises:
        BadInput: `bad_filter`, naming the place and the reason.
    """
    if not isinstance(pattern, Mapping):
        raise operators.bad("a pattern is a JSON object", at)
    json_text.check_json(pattern, at=at)
    if len(json_text.dump(pattern)) > MAX_PATTERN_CHARS:
        raise operators.bad(f"a pattern has at most {MAX_PATTERN_CHARS} characters", at)
    node = _object(pattern, "", at)
    if node.alternatives > MAX_ALTERNATIVES:
        raise operators.bad(f"$or multiplies out to more than {MAX_ALTERNATIVES} rules", at)
    return Pattern(node, tuple(node.ways()))


def _object(pattern: Mapping[str, Any], place: str, at: str) -> Node:
    if not pattern:
        raise operators.bad("an empty object matches nothing in particular", at)
    nodes = [_field(name, rule, place, f"{at}.{name}") for name, rule in pattern.items()]
    return nodes[0] if len(nodes) == 1 else All(tuple(nodes))


def _field(name: str, rule: object, place: str, at: str) -> Node:
    if name == _OR and _is_or(rule):
        return _either(rule, place, at)
    below = f"{place}.{name}" if place else name
    if isinstance(rule, Mapping):
        return _object(rule, below, at)
    if isinstance(rule, list):
        return _condition(rule, below, at)
    raise operators.bad("must be an object or an array", at)


def _is_or(rule: object) -> bool:
    # As EventBridge: `$or` is an operator over two or more objects, else a name like any other.
    return isinstance(rule, list) and len(rule) > 1 and all(isinstance(r, Mapping) for r in rule)


def _either(rule: Any, place: str, at: str) -> Node:
    branches = [_object(branch, place, f"{at}[{n}]") for n, branch in enumerate(rule)]
    return Either(tuple(branches))


def _condition(rules: list[Any], place: str, at: str) -> Condition:
    if not rules:
        raise operators.bad("an empty array matches nothing", at)
    tests = [operators.compile_rule(rule, f"{at}[{n}]") for n, rule in enumerate(rules)]
    present = tuple(test for test in tests if test is not operators.ABSENT)
    return Condition(place, rules, present, absent=len(present) < len(tests))
