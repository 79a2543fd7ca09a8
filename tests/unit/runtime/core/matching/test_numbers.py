"""Numbers in filters: equality without a range, and order among what a double can hold."""

from typing import Any

import pytest

from runtime.core.matching.numbers import ordered
from tests.event_patterns import is_matched


@pytest.mark.parametrize(
    ("wanted", "value", "expected"),
    [
        (5678901234567, 5678901234567, True),
        (123456789012, 123456789013, False),
        (6e9, 6000000000, True),
        (-6000000000, -6e9, True),
        (12345678901234567, 12345678901234567, True),
        (12345678901234567, 12345678901234568, False),
        (9007199254740993, 9007199254740992.0, False),  # the nearest double, and another number
        (12345678901234567890123, 12345678901234567890123, True),
        (12345678901234567890123, 1.2345678901234567e22, False),
        (12345678901234567000, 1.2345678901234567e19, True),  # as it is written, not as it is kept
        pytest.param(10**400, 10**400, True, id="beyond-doubles"),
        pytest.param(10**400, 10**400 + 1, False, id="beyond-doubles-by-one"),
        (0.1, 0.1, True),
        (-0.0, 0, True),
    ],
)
def test_an_exact_number_may_be_as_large_as_ids_are(
    wanted: float,
    value: float,
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    """EventBridge documents a range for `numeric` only; account and order numbers are beyond it."""
    but = {"x": [{"anything-but": wanted}]}

    assert is_matched({"x": [wanted]}, {"x": value}) is expected
    if ordered(wanted) is not None:
        assert is_matched(but, {"x": value}) is not expected


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ({"numeric": [">", 5]}, 6e9, True),
        ({"numeric": [">", 5]}, 12345678901234568, True),
        ({"numeric": [">", 5]}, 12345678901234567, False),  # no double stands for it
        pytest.param({"numeric": ["<", 5]}, -(10**400), False, id="below-doubles"),
        ({"anything-but": 5}, 12345678901234567, True),
        ({"anything-but": 6e9}, 6000000000, False),
    ],
)
def test_a_number_for_which_no_double_stands_is_equal_to_itself_and_in_no_order(
    rule: dict[str, Any],
    value: float,
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    """As EventBridge: only what a double holds exactly is greater or less than anything."""
    assert is_matched({"x": [rule]}, {"x": value}) is expected
