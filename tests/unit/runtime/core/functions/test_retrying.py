"""Whether a run that failed is tried again, and when: the law of the retry policy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.functions.function import RetryOn, RetryPolicy
from runtime.core.functions.retrying import next_delay_s
from runtime.core.functions.run import Outcome
from runtime.core.pacing.schedule import DEFAULT_SCHEDULE_S, JITTER

DICE = st.floats(0, 1)
DELAYS = st.none() | st.lists(st.integers(0, 86_400), min_size=1, max_size=20).map(tuple)
POLICIES = st.builds(
    RetryPolicy, on=st.sampled_from(RetryOn), attempts=st.integers(1, 20), delays_s=DELAYS
)
OF_THE_CODE = (Outcome.RAISED, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY)


@given(policy=POLICIES, outcome=st.sampled_from(Outcome), attempt=st.integers(1, 25), dice=DICE)
def test_only_what_the_policy_names_is_tried_again_and_never_beyond_its_attempts(
    policy: RetryPolicy, outcome: Outcome, attempt: int, dice: float
) -> None:
    """A policy is a promise in both directions."""
    delay_s = next_delay_s(policy, outcome=outcome, attempt=attempt, dice=dice)

    asked_for = outcome is Outcome.RETRY
    allowed = policy.on is RetryOn.ON_ERROR and outcome in OF_THE_CODE
    assert (delay_s is not None) == ((asked_for or allowed) and attempt < policy.attempts)


@given(policy=POLICIES, attempt=st.integers(1, 19), dice=DICE)
def test_a_delay_is_the_policys_own_within_the_jitter_and_the_last_one_repeats(
    policy: RetryPolicy, attempt: int, dice: float
) -> None:
    """Two delays and twenty attempts are a sensible wish."""
    delay_s = next_delay_s(policy, outcome=Outcome.RETRY, attempt=attempt, dice=dice)

    if delay_s is not None:
        delays_s = DEFAULT_SCHEDULE_S if policy.delays_s is None else policy.delays_s
        own_s = delays_s[min(attempt, len(delays_s)) - 1]
        assert own_s * (1 - JITTER) - 1e-6 <= delay_s <= own_s * (1 + JITTER) + 1e-6


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.SKIPPED, Outcome.DROPPED])
def test_what_would_end_the_same_way_is_not_tried_again(outcome: Outcome) -> None:
    """A refused effect is refused again; a function that was switched off stays off."""
    policy = RetryPolicy(on=RetryOn.ON_ERROR)

    assert next_delay_s(policy, outcome=outcome, attempt=1, dice=0.5) is None


def test_without_a_policy_of_its_own_a_function_that_asks_gets_the_default_schedule() -> None:
    """`RetryError` works without a setting: ten attempts over three days."""
    delays_s = [
        next_delay_s(RetryPolicy(), outcome=Outcome.RETRY, attempt=number, dice=0.5)
        for number in range(1, 11)
    ]

    assert [*DEFAULT_SCHEDULE_S, None] == delays_s
