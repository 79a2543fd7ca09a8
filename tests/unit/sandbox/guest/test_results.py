"""What the guest lets through is what the parent takes, for any value at all."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox import wire
from sandbox.guest import results

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**66), max_value=2**66)
    | st.floats()
    | st.text(st.characters(codec=None), max_size=8)
    | st.sampled_from(["[[{", '"}]', "\\", '\\"', "\ud83d", "\U0001f389", "1" * 25, "\\ud83d"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4) | st.integers() | st.booleans(), inner, max_size=4)
    ),
    max_leaves=40,
)


def deep(levels: int, width: int = 1) -> Any:
    """A list in a list, with others beside it."""
    value: Any = 1
    for _ in range(levels):
        value = [*[[]] * (width - 1), value]
    return value


def frame(text: str) -> bytes:
    """The frame that ends a run with this result."""
    return f'{{"op":"done","seq":1,"outcome":"returned","output":{text}}}'.encode("ascii")


@given(VALUES)
@example(deep(64))
@example(deep(65))
@example(deep(64, width=3))
@example(deep(65, width=3))
@example({"a": ["[" * 70, {"b": "]" * 70}]})
@example([2**64 - 1, -(2**64) + 1])
@example([2**64])
@example(["\\" * n + "ud83d" for n in range(5)])
@example([0.00012345678901234567, 1e22, 1.5e300, -1e-300])
def test_what_is_written_is_taken_by_the_parent_and_is_the_same_value(value: Any) -> None:
    """A frame that the parent refuses ends the run, and nobody is told why."""
    try:
        text = results.write(value)
    except results.Unfit:
        return
    taken = wire.decode(frame(text))["output"]
    assert taken == json.loads(json.dumps(value))


@given(VALUES)
def test_what_is_refused_would_not_be_taken(value: Any) -> None:
    """A value that the parent would take is never refused."""
    try:
        text = json.dumps(value, separators=(",", ":"), allow_nan=False)
        wire.check_plain(json.loads(text))
    except ValueError:
        with pytest.raises(results.Unfit):
            results.write(value)
    else:
        assert results.write(value) == text


@pytest.mark.parametrize(
    "value",
    [[1] * 199_980, [[]] * 99_990, {str(n): n for n in range(199_980)}, [[1]] * 66_660],
    ids=["flat", "empty lists", "a dict", "lists"],
)
def test_as_many_parts_as_the_parent_takes_are_let_through(value: Any) -> None:
    """To within those of the frame around them."""
    assert len(wire.decode(frame(results.write(value)))["output"]) == len(value)


@pytest.mark.parametrize(
    "value",
    [[1] * 200_000, [[]] * 100_000, {str(n): n for n in range(200_000)}, [[1]] * 66_700],
    ids=["flat", "empty lists", "a dict", "lists"],
)
def test_more_parts_than_the_parent_takes_are_refused(value: Any) -> None:
    """By a count of commas and brackets, not by a walk."""
    with pytest.raises(results.UnfitValue, match="more than 200000 parts"):
        results.write(value)


@given(VALUES)
def test_a_plain_value_is_made_of_exact_types(value: Any) -> None:
    """It goes on to code that trusts them."""
    try:
        made = results.plain(value, "the payload")
    except results.Unfit:
        return
    assert made == json.loads(json.dumps(value))
    wire.check_plain(made)


@given(st.text(max_size=50))
def test_bytes_are_counted_as_utf_8_keeps_them(text: str) -> None:
    """Escapes are how they travel, not what they weigh."""
    whole = json.dumps(text, ensure_ascii=False).encode()
    assert results.utf8_bytes(json.dumps(text)) == len(whole)
