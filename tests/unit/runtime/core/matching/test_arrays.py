"""Conditions about the elements of arrays, and about what does not exist in them."""

from typing import Any

import pytest

from tests.event_patterns import is_matched

ABSENT = {"exists": False}


@pytest.mark.parametrize(
    ("pattern", "event", "expected"),
    [
        ({"items": {"coupon": [ABSENT]}}, {"items": []}, True),
        ({"items": {"coupon": [ABSENT]}}, {"items": [{}]}, True),
        ({"items": {"coupon": [ABSENT]}}, {"items": "none"}, True),
        ({"items": {"coupon": [ABSENT]}}, {"items": [{"sku": "a"}, {"coupon": 1}]}, False),
        # `gift` chooses the second element, or looks for a gift in all of them.
        (
            {"items": {"gift": [True, ABSENT], "sku": ["a"]}},
            {"items": [{"sku": "a", "gift": False}, {"sku": "b", "gift": True}]},
            False,
        ),
        (
            {"items": {"gift": [True, ABSENT], "sku": ["a"]}},
            {"items": [{"sku": "b"}, {"sku": "a"}]},
            True,
        ),
        # `x` has chosen the first element, which has no `y`.
        ({"z": {"x": ["a"], "y": [ABSENT]}}, {"z": [{"x": "a"}, {"x": "b", "y": 1}]}, True),
        ({"z": {"x": ["b"], "y": [ABSENT]}}, {"z": [{"x": "a"}, {"x": "b", "y": 1}]}, False),
        # `a` comes before `x` in the alphabet, so no element has been chosen, and there is an `a`.
        ({"z": {"a": [ABSENT], "x": ["a"]}}, {"z": [{"x": "a"}, {"x": "b", "a": 1}]}, False),
        ({"z": {"x": ["b"], "y": [1]}}, {"z": [[{"x": "a"}], [{"x": "b", "y": 1}]]}, True),
        ({"z": {"x": ["b"], "y": [1]}}, {"z": [[{"x": "b"}], [{"y": 1}]]}, False),
        ({"z": {"x": ["b"], "y": [1]}}, {"z": {"x": ["a", "b"], "y": [2, 1]}}, True),
        # What is in an inner array belongs to the outer element, too.
        (
            {"o": {"id": [1], "lines": {"sku": ["a"]}}},
            {"o": [{"id": 1, "lines": [{"sku": "b"}]}, {"id": 2, "lines": [{"sku": "a"}]}]},
            False,
        ),
        (
            {"o": {"id": [1], "lines": {"gift": [ABSENT], "sku": ["b"]}}},
            {"o": [{"id": 1, "lines": [{"sku": "b"}]}, {"id": 2, "lines": [{"gift": 1}]}]},
            True,
        ),
        # Two arrays beside each other: an element of each.
        ({"p": {"x": [1]}, "q": {"x": [2]}}, {"p": [{"x": 0}, {"x": 1}], "q": [{"x": 2}]}, True),
        # The scalar chooses no element, so the absence is not one of an element's; `["b"]` is one.
        ({"z": ["a"], "z.y": [ABSENT]}, {"z": ["a", {"y": 1}]}, False),
        ({"z": ["b"], "z.y": [ABSENT]}, {"z": ["a", {"y": 1}, ["b"]]}, True),
        ({"z": ["a", "b"], "z.y": [ABSENT]}, {"z": ["a", {"y": 1}, ["b"]]}, True),
        ({"z": ["a", "b"], "z.y": [1]}, {"z": ["a", {"y": 1}, ["b"]]}, True),
        # `$or` multiplies out: each list of conditions is about elements of its own.
        (
            {"z": {"$or": [{"x": ["a"], "y": [ABSENT]}, {"x": ["b"], "y": [1]}]}},
            {"z": [{"x": "a", "y": 1}, {"x": "b", "y": 2}]},
            False,
        ),
        (
            {"z": {"$or": [{"x": ["a"], "y": [ABSENT]}, {"x": ["b"], "y": [1]}]}},
            {"z": [{"x": "a", "y": 1}, {"x": "b", "y": 1}]},
            True,
        ),
    ],
)
def test_what_is_asked_of_an_array_is_asked_of_one_element(
    pattern: dict[str, Any],
    event: dict[str, Any],
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Each verdict is AWS's own event-ruler's."""
    assert is_matched(pattern, event) is expected


@pytest.mark.parametrize(
    ("pattern", "event", "expected"),
    [
        ({"a.b": [1]}, {"a": {"b": 1}}, True),
        ({"a": {"b": [1]}}, {"a.b": 1}, True),
        ({"a": {"b.c": [1]}}, {"a.b": [{"c": 2}, {"c": 1}]}, True),
        ({"a": {"b": [ABSENT]}}, {"a.b": 1}, False),
        ({"a": {"b": [1]}}, {"a": 1, "b": 1}, False),
    ],
)
def test_a_name_with_dots_is_as_good_as_nesting(
    pattern: dict[str, Any],
    event: dict[str, Any],
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    """As EventBridge reads both; a filter that was written for it must not go silent here."""
    assert is_matched(pattern, event) is expected


def test_large_arrays_inside_large_arrays_are_walked_once() -> None:
    """Whoever sends an event must not choose how long everybody's matching takes."""
    inner = [{"v": n} for n in range(100)]
    event = {"p": [dict.fromkeys("abcdef", inner) | {"z": 0} for _ in range(100)]}
    pattern = {"p": {name: {"v": [99]} for name in "abcdef"} | {"z": [1, ABSENT]}}

    assert is_matched(pattern, event) is False


def test_what_or_multiplies_out_to_is_not_walked_list_by_list() -> None:
    """Five hundred lists of conditions must not each go through hundreds of elements."""
    either = {f"r{n}": {"$or": [{"a": [1]}, {"b": [1]}]} for n in range(9)}
    inner = {f"s{n}": {"$or": [{"a": [1]}, {"b": [1]}]} for n in range(9)}
    true = {"a": 1, "b": 1}
    elements = [{"q": [{"a": 1}, {"b": 1}], **dict.fromkeys(inner, true)} for _ in range(300)]
    no_element = {"q": {"a": [1], "b": [1]}}
    event = {"p": elements, **dict.fromkeys(either, true)}

    assert is_matched({"p": no_element, **either}, event) is False
    assert is_matched({"p": {**no_element, **inner}}, event) is False
    assert is_matched({"p": inner}, event) is True
