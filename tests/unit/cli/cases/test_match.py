"""What matches an expectation, and what a difference shows."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import _diff
from cli.cases import match

SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=3)
NAMES = st.sampled_from(["a", "b", "c"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES, inner, max_size=3)
        | st.lists(inner, max_size=2).map(lambda items: {"contains": items})
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({}, {"a": 1}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}, "d": 3}),
        ([], []),
        ([{}, 2], [{"a": 1}, 2]),
        (1, 1.0),
        ({"contains": []}, [1]),
        ({"contains": [2]}, [1, 2, 3]),
        ({"contains": [{"op": "emit"}, {"op": "http"}]}, [{"op": "emit"}, {}, {"op": "http"}]),
        ({"contains": [1]}, {"contains": [1], "b": 2}),
        ({"contains": "x"}, {"contains": "x"}),
    ],
)
def test_what_is_expected_matches(expected: Any, actual: Any) -> None:
    """The rules of docs/reference/cases.md, one by one."""
    assert match.matches(expected, actual)
    assert [] == match.difference(expected, actual)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"a": None}, {}),
        ({"a": 1}, [1]),
        ([], [1]),
        ([1, 2], [2, 1]),
        (1, True),
        (0, False),
        ("1", 1),
        (None, False),
        ({"contains": [1, 1]}, [1]),
        ({"contains": [2, 1]}, [1, 2]),
        ({"contains": []}, "x"),
        ({"contains": [1], "b": 2}, [1]),
    ],
)
def test_what_is_not_expected_does_not_match(expected: Any, actual: Any) -> None:
    """An expectation that anything meets tests nothing."""
    assert not match.matches(expected, actual)
    assert [] != match.difference(expected, actual)


@given(VALUES, VALUES)
def test_there_is_a_difference_exactly_where_nothing_matches(expected: Any, actual: Any) -> None:
    """A case that fails shows why, and one that passes shows nothing."""
    same = json.dumps(expected) == json.dumps(match.compared(expected, actual))

    assert match.matches(expected, actual) is same
    assert same is (match.difference(expected, actual) == [])


@given(VALUES.filter(lambda value: "contains" not in json.dumps(value)))
def test_every_value_matches_itself(value: Any) -> None:
    """A case that is saved from a run passes on the same run."""
    assert match.matches(value, value)


@given(st.dictionaries(NAMES, VALUES), st.dictionaries(NAMES, VALUES))
def test_more_keys_break_no_match(left: dict[str, Any], right: dict[str, Any]) -> None:
    """A function may say more than the case looks at."""
    actual = {**left, **right}
    if match.matches(right, actual):
        assert match.matches(right, {**actual, "more": 1})


@given(st.lists(st.integers(0, 3)), st.lists(st.integers(0, 3)))
def test_contained_items_stand_in_their_order(items: list[int], actual: list[int]) -> None:
    """Other items may stand between them: the expected ones are a subsequence."""
    rest = list(actual)
    is_subsequence = True
    for item in items:
        is_subsequence = is_subsequence and item in rest
        rest = rest[rest.index(item) + 1 :] if item in rest else []

    assert is_subsequence is match.matches({"contains": items}, actual)


def test_a_difference_shows_nothing_that_the_case_does_not_look_at() -> None:
    """Whoever reads it looks for the one line that is wrong."""
    diff = match.difference({"a": {"b": 1}}, {"a": {"b": 2, "noise": 3}, "more": 4})

    assert ['-    "b": 1', '+    "b": 2'] == [
        line for line in diff if line[0] in "+-" and line[:3] not in {"+++", "---"}
    ]


def test_a_terminal_shows_what_was_expected_in_red_and_what_came_in_green() -> None:
    """As every other diff on a terminal."""
    lines = _diff.coloured(["--- expected", "@@ -1 +1 @@", " same", "-1", "+2", ""])

    assert ["\x1b[31m-1\x1b[0m", "\x1b[32m+2\x1b[0m", ""] == lines[3:]
    assert " same" == lines[2]
