"""When to try again."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.pacing import schedule
from runtime.core.pacing.schedule import DEFAULT_SCHEDULE_S, delay_s, retry_after_s

NOW = datetime(2015, 10, 21, 7, 26, 0, tzinfo=UTC)
DAY_S = 86_400


def test_the_default_schedule_lasts_three_days() -> None:
    """A receiver that is down for a weekend loses nothing."""
    assert sum(DEFAULT_SCHEDULE_S) == 75 * 3600 + 35 * 60 + 5


@given(attempt=st.integers(1, 9), dice=st.floats(0, 1))
def test_jitter_moves_a_delay_by_a_fifth_at_most(attempt: int, dice: float) -> None:
    """What failed together must not come back together, nor much off schedule."""
    wait_s = delay_s(DEFAULT_SCHEDULE_S, attempt=attempt, dice=dice)

    base_s = DEFAULT_SCHEDULE_S[attempt - 1]
    assert wait_s is not None
    assert base_s * 0.8 - 1e-6 <= wait_s <= base_s * 1.2 + 1e-6


def test_after_the_last_attempt_there_is_no_delay() -> None:
    """The schedule ends; an empty one means a single attempt."""
    assert delay_s(DEFAULT_SCHEDULE_S, attempt=10, dice=0.5) is None
    assert delay_s((), attempt=1, dice=0.5) is None


@given(asked_s=st.floats(0, 1e9), dice=st.floats(0, 1))
def test_what_a_receiver_asks_for_lengthens_a_delay_up_to_a_day(
    asked_s: float, dice: float
) -> None:
    """Neither a 0 nor a year may take the schedule over."""
    own_s = delay_s((300,), attempt=1, dice=dice)
    wait_s = delay_s((300,), attempt=1, dice=dice, retry_after_s=asked_s)

    assert own_s is not None
    assert wait_s is not None
    assert own_s <= wait_s <= DAY_S
    assert wait_s == max(own_s, min(asked_s, DAY_S))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("Wed, 21 Oct 2015 07:28:00 GMT", 120),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", 120),
        ("Wed Oct 21 07:28:00 2015", 120),  # asctime: HTTP dates are GMT whatever they say
        ("Wed, 21 Oct 2015 07:20:00 GMT", 0),
        ("120", 120),
        ("120.0", 120),
        ("120.1", 121),
        ("120.6", 121),
        ("0", 0),
        ("  30  ", 30),
        ("99999999999999999999", DAY_S),
        ("9" * 5000, DAY_S),
        ("invalid", None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("300s", None),
        ("Tomorrow", None),
        ("1e309", None),
        ("NaN", None),
        ("inf", None),
        ("0x10", None),
        ("١٢٠", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_every_form_or_not_at_all(value: str, seconds: float | None) -> None:
    """Nonsense in a header must never break a delivery."""
    assert retry_after_s([value], now=NOW) == seconds


def test_of_several_retry_after_headers_the_longest_counts() -> None:
    """A proxy may have added its own; waiting longer offends neither."""
    assert retry_after_s(["5", "nonsense", "60"], now=NOW) == 60
    assert retry_after_s([], now=NOW) is None


@given(st.text())
def test_any_text_in_retry_after_is_survived(text: str) -> None:
    """The header is whatever a stranger writes."""
    found = retry_after_s([text], now=NOW)

    assert found is None or found >= 0


def test_a_day_is_the_most_a_receiver_may_ask_for() -> None:
    """The bound is part of the contract."""
    assert schedule.MAX_RETRY_AFTER_S == DAY_S
