"""The slots of a function's batches: who has one, for how long, and who gets it after a kill."""

from typing import Any

import pytest

from runtime.core.functions.function import Function, Limits
from runtime.core.functions.run import Outcome
from runtime.core.pacing import concurrency
from runtime.core.pacing.message_lease import LEASE_S
from runtime.errors import Transient
from tests.builders import a_run_message
from tests.cloud import Cloud
from tests.runs import Platform, a_planned_run


@pytest.fixture
def platform(cloud: Cloud) -> Platform:
    """The use case on real stores."""
    return Platform(cloud)


def killed_with(events: int, platform: Platform, function: Function) -> object:
    """A worker with a slot for so many events; as long as it is kept, it gives nothing back."""
    messages = [a_run_message(run_id=f"run_{number}") for number in range(events)]
    taken = platform.admit.slot(function, messages, now=platform.clock())
    assert taken.__enter__() is not None
    return taken


def test_a_killed_workers_slot_is_free_before_its_message_is_back(platform: Platform) -> None:
    """A function that runs one batch at a time would else wait three minutes for a dead worker."""
    function = platform.publish(limits=Limits(concurrent_runs=1))
    killed = killed_with(1, platform, function)

    platform.clock.advance(39)
    assert [None] == platform.run(a_planned_run(1))
    assert [] == platform.sandbox.jobs  # it is queued again
    platform.clock.advance(LEASE_S - 39)
    assert [None] == platform.run(a_planned_run(1))

    assert killed
    assert Outcome.RETURNED is platform.record(a_planned_run(1)).outcome


def test_a_slot_lasts_as_long_as_the_sandbox_of_a_killed_worker_may_be_at_work(
    platform: Platform,
) -> None:
    """Nobody ends it: with the slot given away, more would run at once than the cap allows."""
    function = platform.publish(limits=Limits(concurrent_runs=1, wall_s=12.0))
    killed = killed_with(10, platform, function)

    platform.clock.advance(10 * 12)
    assert [None] == platform.run(a_planned_run(1))

    assert killed
    assert [] == platform.sandbox.jobs


def test_events_that_might_outlast_their_slot_are_not_begun(platform: Platform) -> None:
    """A batch that has lost a minute comes again, rather than run beside the slot's next holder."""
    platform.publish(limits=Limits(concurrent_runs=1))
    platform.sandbox.faults = [Transient("it died", code="sandbox_crashed")]
    clock = platform.clock
    first = platform.sandbox.run

    def run_slowly(tenant: str, job: Any) -> Any:
        clock.advance(42)
        return first(tenant, job)

    platform.sandbox.run = run_slowly  # type: ignore[method-assign]

    codes = platform.run(a_planned_run(1), a_planned_run(2))

    # The slot is for 2 * 15 + 25 s: after 42 s there is no time for another event.
    assert ["slot_ended", "slot_ended"] == codes
    assert 1 == len(platform.sandbox.jobs)


def test_no_slot_lasts_longer_than_its_lambda() -> None:
    """Whoever has one after that was killed, whatever the events' limits are."""
    assert 40_000 == concurrency.run_lease_ms(1, wall_s=15.0)
    assert concurrency.MAX_RUN_LEASE_MS == concurrency.run_lease_ms(100, wall_s=15.0)
