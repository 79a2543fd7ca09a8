"""What the door takes, the sandbox takes from a function; the rule stands twice and is one.

The sandbox ships alone and imports nothing of `runtime.core`, so the limits are written down on
both sides.
"""

from typing import Any

import pytest

from runtime.core import json_text
from runtime.core.events import envelope
from runtime.errors import BadInput
from sandbox import limits, wire
from sandbox.guest import caps
from tests.builders import NOW, an_envelope


def nested(levels: int) -> Any:
    """Lists in lists; the innermost is empty."""
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


VALUES = {
    "the largest integer": limits.INTEGER_LIMIT - 1,
    "the smallest integer": -limits.INTEGER_LIMIT + 1,
    "one more": limits.INTEGER_LIMIT,
    "one less": -limits.INTEGER_LIMIT,
    "an order's id of 23 digits": 12345678901234567890123,
    "one deep inside": [{"m": -99999999999999999999}],
    "a large float": 1e308,
    "the smallest float": 5e-324,
    "minus nothing": -0.0,
    "an exponent too large": float("1e400"),
    "no number": float("nan"),
    "as deep as may be": nested(limits.MAX_JSON_DEPTH - 2),
    "one deeper": nested(limits.MAX_JSON_DEPTH - 1),
    "text": "\0 \x85 🙂",
    "half a character": "\ud800",
    "a truth": True,
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_a_function_may_return_the_event_that_the_door_took(value: object) -> None:
    """And what it may not return, it cannot have been given."""
    event = an_envelope(properties={"n": value})

    assert door_takes(event) == sandbox_takes(event)


def test_the_limits_are_the_same_on_both_sides() -> None:
    """One number changed alone would let values in that kill their runs."""
    assert limits.INTEGER_LIMIT == caps.INTEGER_LIMIT == json_text.INTEGER_LIMIT
    assert limits.MAX_JSON_DEPTH == caps.MAX_DEPTH == json_text.MAX_DEPTH


def test_no_event_has_more_parts_than_the_sandbox_counts() -> None:
    """The door counts bytes and the sandbox parts; each part costs two bytes at least."""
    assert envelope.MAX_EVENT_BYTES / 2 < limits.MAX_JSON_NODES


def door_takes(event: dict[str, Any]) -> bool:
    """Whether the door takes the event."""
    try:
        envelope.parse(event, now=NOW)
    except BadInput:
        return False
    return True


def sandbox_takes(value: object) -> bool:
    """Whether the sandbox takes it from a function."""
    try:
        wire.check_plain(value)
    except wire.NotPlain:
        return False
    return True
