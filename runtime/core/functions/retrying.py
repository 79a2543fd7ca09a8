"""Whether a run that failed is tried again, and when."""

from typing import Final

from runtime.core.functions.function import RetryOn, RetryPolicy
from runtime.core.functions.run import Outcome
from runtime.core.pacing import schedule

# Failures that may be of the moment. A refused run is refused again: the code or its effect is at
# fault.
_OF_THE_CODE: Final = frozenset({Outcome.RAISED, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY})


def next_delay_s(
    policy: RetryPolicy, *, outcome: Outcome, attempt: int, dice: float
) -> float | None:
    """Seconds until the next attempt; None when there is none.

    Args:
        policy: the function's.
        outcome: how this attempt ended.
        attempt: its number within the present round, from 1.
        dice: 0 to 1; 0.5 is no jitter.
    """
    wanted = outcome is Outcome.RETRY or (policy.on is RetryOn.ON_ERROR and outcome in _OF_THE_CODE)
    if not wanted or attempt >= policy.attempts:
        return None
    delays_s = schedule.DEFAULT_SCHEDULE_S if policy.delays_s is None else policy.delays_s
    number = min(attempt, len(delays_s))
    return schedule.delay_s(delays_s, attempt=number, dice=dice)
