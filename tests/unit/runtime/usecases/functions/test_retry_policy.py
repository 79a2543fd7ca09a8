"""The retry policy at work: which runs are tried again, and when a delivery is dead."""

import pytest

from runtime.core import ids
from runtime.core.deliveries.delivery import Status
from runtime.core.functions.function import RetryOn, RetryPolicy
from runtime.core.functions.run import Outcome
from tests.builders import NOW_MS, TENANT
from tests.cloud import Cloud
from tests.runs import Platform, a_planned_run

DELIVERY = ids.delivery_id(TENANT, "evt_1", "whk_1")
ON_ERROR = RetryPolicy(on=RetryOn.ON_ERROR, attempts=3, delays_s=(10, 60))
RAISED = {"outcome": "raised", "error": {"type": "KeyError", "message": "'value'"}}


@pytest.fixture
def platform(cloud: Cloud) -> Platform:
    """An installation whose sandbox says that the code raised."""
    made = Platform(cloud)
    made.sandbox.script = lambda _event: RAISED
    return made


@pytest.mark.parametrize("outcome", ["raised", "timed_out", "out_of_memory"])
def test_a_failed_run_is_tried_again_if_the_function_says_so(
    platform: Platform, outcome: str
) -> None:
    """The record keeps what happened, and when the next attempt is due."""
    platform.publish(retry=ON_ERROR)
    platform.sandbox.script = lambda _event: {**RAISED, "outcome": outcome}

    dues = []
    for attempt in (1, 2, 3):
        planned = a_planned_run(attempt=attempt)
        assert [None] == platform.run(planned)
        run = platform.record(planned)
        assert Outcome(outcome) is run.outcome
        assert (run.event is None) == (run.due_at_ms is None)
        dues.append(run.due_at_ms)

    assert [NOW_MS + 10_000, NOW_MS + 60_000, None] == dues


def test_without_a_policy_an_error_is_final_and_a_retry_error_is_not(platform: Platform) -> None:
    """The same code fails again on the same event; only the code knows better."""
    platform.publish()
    raised, asked_for = a_planned_run(1), a_planned_run(2)
    platform.run(raised)
    platform.sandbox.script = lambda _event: {**RAISED, "outcome": "retry"}
    platform.run(asked_for)

    assert platform.record(raised).due_at_ms is None
    assert platform.record(asked_for).due_at_ms is not None


def test_a_policy_of_one_attempt_tries_nothing_again(platform: Platform) -> None:
    """Whoever wants no retries at all says so."""
    platform.publish(retry=RetryPolicy(attempts=1))
    platform.sandbox.script = lambda _event: {**RAISED, "outcome": "retry"}
    planned = a_planned_run()

    platform.run(planned)

    assert platform.record(planned).due_at_ms is None


def test_a_transforms_delivery_is_dead_only_when_its_last_attempt_has_failed(
    platform: Platform,
) -> None:
    """A delivery that is dead while its transform is tried again would be told of twice."""
    platform.publish(retry=ON_ERROR)
    deliveries = platform.cloud.deliveries

    for attempt in (1, 2):
        platform.run(a_planned_run(webhook_id="whk_1", attempt=attempt))
        assert deliveries.find(DELIVERY) is None

    platform.run(a_planned_run(webhook_id="whk_1", attempt=3))
    dead = deliveries.find(DELIVERY)
    assert dead is not None
    assert (Status.DEAD, "function_raised") == (dead.status, dead.reason)


def test_a_transform_that_recovers_delivers_under_the_first_id(platform: Platform) -> None:
    """The receiver never learns that there was a first attempt."""
    platform.publish(retry=ON_ERROR)
    platform.run(a_planned_run(webhook_id="whk_1"))
    platform.sandbox.script = lambda _event: {"output": {"order": 1}}

    platform.run(a_planned_run(webhook_id="whk_1", attempt=2))

    [message] = platform.cloud.received("deliver")
    assert DELIVERY in message["Body"]
    assert platform.cloud.deliveries.find(DELIVERY) is None
