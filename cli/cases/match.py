"""Compares what a case expects of a run with what came of it.

An expectation is any JSON. An object matches an object that has each of its keys, with a value that
matches; other keys do not count. A list matches a list of the same length, item by item; only
`{"contains": [...]}` stands for a list that has items which match these, in this order, with others
before, between and after them. Any other value matches an equal one: 1 equals 1.0, and neither
equals true.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cli import _diff

CONTAINS: Final = "contains"


def matches(expected: Any, actual: Any) -> bool:
    """Whether the actual value is one that is expected."""
    items = contained(expected)
    if items is not None and isinstance(actual, list):
        return _are_among(items, actual)
    if isinstance(expected, Mapping):
        return isinstance(actual, Mapping) and all(
            name in actual and matches(value, actual[name]) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(actual, list)
            and len(expected) == len(actual)
            and all(map(matches, expected, actual))
        )
    return _equal(expected, actual)


def contained(expected: Any) -> list[Any] | None:
    """The items that `{"contains": [...]}` expects; None when `expected` has another form."""
    if isinstance(expected, Mapping) and list(expected) == [CONTAINS]:
        items = expected[CONTAINS]
        return items if isinstance(items, list) else None
    return None


def compared(expected: Any, actual: Any) -> Any:
    """The actual value without the parts that the expectation says nothing about.

    It equals the expectation exactly where the actual value matches. So a comparison of the two
    shows what is wrong and nothing else.
    """
    if matches(expected, actual):
        return expected
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return {
            name: compared(value, actual[name])
            for name, value in expected.items()
            if name in actual
        }
    if isinstance(expected, list) and isinstance(actual, list):
        pairs = zip(expected, actual, strict=False)
        return [compared(*pair) for pair in pairs] + actual[len(expected) :]
    return actual


def difference(expected: Any, actual: Any) -> list[str]:
    """The lines of a unified diff between an expectation and what came instead of it."""
    return _diff.unified(
        _lines(expected),
        _lines(compared(expected, actual)),
        before_name="expected",
        after_name="actual",
    )


def _are_among(items: Sequence[Any], actual: Sequence[Any]) -> bool:
    # Each expected item takes the first one that matches it, after the one before. If any choice
    # in this order succeeds, this one does.
    rest = iter(actual)
    return all(any(matches(item, candidate) for candidate in rest) for item in items)


def _equal(expected: Any, actual: Any) -> bool:
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return expected == actual
    return type(expected) is type(actual) and bool(expected == actual)


def _lines(value: Any) -> list[str]:
    return json.dumps(value, ensure_ascii=False, indent=2).split("\n")
