"""EventBridge event patterns: every operator, compiled once into closures.

A pattern that EventBridge would refuse is refused here with its reason, so that what a subscription
means never depends on which of the two reads it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from runtime.core import json_text
from runtime.core.matching import operators
from runtime.core.matching.operators import Test

MAX_PATTERN_CHARS: Final = 2048  # EventBridge's own limit
MAX_ALTERNATIVES: Final = 1000  # EventBridge's limit on what `$or` multiplies out to
MAX_WAYS: Final = 32  # that an index keeps of one pattern
_OR: Final = "$or"

Node = Callable[[Any, Any], bool]  # (value at this place, whole event) → whether it matches
Path = tuple[str, ...]
Way = Mapping[Path, list[Any]]  # place → rules, one of which holds there


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A compiled pattern; an event that matches it fits one of its `ways`, but not only such do."""

    node: Node
    ways: tuple[Way, ...]

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether the envelope, as JSON, fits."""
        return self.node(event, event)


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
    if _alternatives(pattern) > MAX_ALTERNATIVES:
        raise operators.bad(f"$or multiplies out to more than {MAX_ALTERNATIVES} rules", at)
    return Pattern(_object(pattern, (), at), tuple(_ways(pattern)))


def values_at(event: object, path: Path) -> Iterator[Any]:
    """Every leaf that `path` leads to, through arrays too."""
    todo: list[tuple[object, int]] = [(event, 0)]
    while todo:
        value, depth = todo.pop()
        if isinstance(value, list):
            todo.extend((item, depth) for item in value)
        elif depth == len(path):
            if not isinstance(value, Mapping):
                yield value
        elif isinstance(value, Mapping) and path[depth] in value:
            todo.append((value[path[depth]], depth + 1))


def _object(pattern: Mapping[str, Any], path: Path, at: str) -> Node:
    if not pattern:
        raise operators.bad("an empty object matches nothing in particular", at)
    return _all([_field(name, rule, path, f"{at}.{name}") for name, rule in pattern.items()])


def _field(name: object, rule: object, path: Path, at: str) -> Node:
    if not isinstance(name, str):
        raise operators.bad("names must be strings", at)
    if name == _OR and _is_or(rule):
        return _either(rule, path, at)
    if isinstance(rule, Mapping):
        return _below(name, _object(rule, (*path, name), at))
    if isinstance(rule, list):
        return _leaf(name, rule, path, at)
    raise operators.bad("must be an object or an array", at)


def _is_or(rule: object) -> bool:
    # As EventBridge: `$or` is an operator over two or more objects, else a name like any other.
    return isinstance(rule, list) and len(rule) > 1 and all(isinstance(r, Mapping) for r in rule)


def _either(rule: Any, path: Path, at: str) -> Node:
    branches = [_object(branch, path, f"{at}[{n}]") for n, branch in enumerate(rule)]
    return lambda value, event: any(branch(value, event) for branch in branches)


def _all(nodes: list[Node]) -> Node:
    if len(nodes) == 1:
        return nodes[0]

    def node(value: Any, event: Any) -> bool:
        return all(part(value, event) for part in nodes)

    return node


def _below(name: str, inner: Node) -> Node:
    def node(value: Any, event: Any) -> bool:
        child = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(child, list):
            # One element must satisfy all that is asked below: what belongs together stays so.
            return any(inner(item, event) for item in _flat(child))
        return inner(child, event)

    return node


def _leaf(name: str, rules: list[Any], path: Path, at: str) -> Node:
    if not rules:
        raise operators.bad("an empty array matches nothing", at)
    tests = [operators.compile_rule(rule, f"{at}[{n}]") for n, rule in enumerate(rules)]
    place = (*path, name)
    if any(test is operators.ABSENT for test in tests):
        present = [test for test in tests if test is not operators.ABSENT]
        return lambda _, event: _absent_or(present, event, place)
    test = operators.any_of(tests)

    def node(value: Any, _: Any) -> bool:
        if not isinstance(value, Mapping) or name not in value:
            return False
        child = value[name]
        if isinstance(child, list):
            return any(test(item) for item in _flat(child) if not isinstance(item, Mapping))
        return not isinstance(child, Mapping) and test(child)

    return node


def _absent_or(tests: list[Test], event: Any, place: Path) -> bool:
    leaves = list(values_at(event, place))
    return not leaves or any(test(leaf) for leaf in leaves for test in tests)


def _flat(items: list[Any]) -> Iterator[Any]:
    for item in items:
        if isinstance(item, list):
            yield from _flat(item)
        else:
            yield item


def _alternatives(pattern: Mapping[str, Any]) -> int:
    product = 1
    for name, rule in pattern.items():
        if name == _OR and _is_or(rule):
            product *= sum(_alternatives(branch) for branch in rule)
        elif isinstance(rule, Mapping):
            product *= _alternatives(rule)
    return product


def _ways(pattern: Mapping[str, Any], path: Path = ()) -> list[Way]:
    """What `$or` multiplies out to; parts that would multiply it too far are left out."""
    ways: list[Way] = [{}]
    for name, rule in pattern.items():
        if name == _OR and _is_or(rule):
            options = [way for branch in rule for way in _ways(branch, path)]
        elif isinstance(rule, Mapping):
            options = _ways(rule, (*path, name))
        else:
            options = [{(*path, name): rule}]
        if len(ways) * len(options) <= MAX_WAYS:
            ways = [{**way, **option} for way in ways for option in options]
    return ways
