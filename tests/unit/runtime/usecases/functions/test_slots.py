"""The slots of a function's batches: who has one, for how long, and who gets it after a kill."""

from dataclasses import replace
from threading import Event
from typing import Any

import pytest

from runtime.core.functions.function import Function, Limits
from runtime.core.functions.run import Outcome
from runtime.core.pacing import concurrency
from runtime.core.pacing.message_lease import LEASE_S
from runtime.errors import Transient
from runtime.usecases.pacing.admit_runs import WAIT_S
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
    taken = platform.admit.slot(function, messages)
    assert taken.__enter__() is not None
    return taken


@pytest.mark.parametrize("events", [1, 10])
def test_a_killed_workers_slot_is_free_before_its_messages_are_back(
    platform: Platform, events: int
) -> None:
    """A function that runs one batch at a time would else wait three minutes for a dead worker."""
    function = platform.publish(limits=Limits(concurrent_runs=1))
    killed = killed_with(events, platform, function)

    platform.clock.advance(39)
    assert [None] == platform.run(a_planned_run(1))
    assert [] == platform.sandbox.jobs  # it is queued again
    platform.clock.advance(LEASE_S - 39)
    assert [None] == platform.run(a_planned_run(1))

    assert killed
    assert Outcome.RETURNED is platform.record(a_planned_run(1)).outcome


class Renewals:
    """When a slot's thread renews: as often as a test says, as soon as it says so."""

    def __init__(self, platform: Platform, *, count: int) -> None:
        self._platform = platform
        self._count = count  # how many are still to come
        self._wanted = Event()
        self._made = Event()

    def wait(self, ended: Event, seconds: float) -> bool:
        """The time until a renewal passes at once; then nothing more happens until the end."""
        assert self._wanted.wait(10)
        if self._count:
            self._count -= 1
            self._platform.clock.advance(seconds)
            return False
        self._made.set()
        return ended.wait(10)

    def make(self) -> None:
        """Let all of them be made."""
        self._wanted.set()
        assert self._made.wait(10)


def test_a_worker_that_lives_keeps_its_slot_however_long_it_takes(platform: Platform) -> None:
    """With the slot given away, more would run at once than the cap allows."""
    function = platform.publish(limits=Limits(concurrent_runs=1))
    renewals = Renewals(platform, count=10)  # two minutes
    admit = replace(platform.admit, wait=renewals.wait)
    with admit.slot(function, [a_run_message()]) as slot:
        renewals.make()
        assert slot is not None
        slot.must_last(now=platform.clock())

        assert [None] == platform.run(a_planned_run(1))
        assert [] == platform.sandbox.jobs

    assert [None] == platform.run(a_planned_run(1))
    assert 1 == len(platform.sandbox.jobs)


def test_a_worker_that_could_not_renew_its_slot_begins_nothing_more(platform: Platform) -> None:
    """Its table was out of reach for 40 s, and another batch has the slot by now."""
    function = platform.publish(limits=Limits(concurrent_runs=1))
    renewals = Renewals(platform, count=1)
    admit = replace(platform.admit, wait=renewals.wait)
    with admit.slot(function, [a_run_message()]) as slot:
        platform.clock.advance(41)
        with platform.admit.slot(function, [a_run_message()]) as other:
            renewals.make()

            assert slot is not None
            assert other is not None
            other.must_last(now=platform.clock())
            with pytest.raises(Transient) as lost:
                slot.must_last(now=platform.clock())

    assert "slot_ended" == lost.value.code


def test_events_are_not_begun_when_the_slot_has_ended(platform: Platform) -> None:
    """They come again, rather than run beside the slot's next holder."""
    platform.publish(limits=Limits(concurrent_runs=1))
    platform.sandbox.faults = [Transient("it died", code="sandbox_crashed")]
    clock = platform.clock
    first = platform.sandbox.run

    def run_slowly(tenant: str, job: Any) -> Any:
        clock.advance(42)
        return first(tenant, job)

    platform.sandbox.run = run_slowly  # type: ignore[method-assign]

    codes = platform.run(a_planned_run(1), a_planned_run(2))

    assert ["slot_ended", "slot_ended"] == codes
    assert 1 == len(platform.sandbox.jobs)


def test_a_killed_workers_run_is_with_another_within_a_minute() -> None:
    """Its message is back, finds a slot or waits once, and its slot is free."""
    slot_s = concurrency.RUN_LEASE_MS / 1000

    assert slot_s < LEASE_S
    assert max(slot_s, LEASE_S) + 2 * WAIT_S <= 60
    assert 3 * concurrency.RENEW_EVERY_S < slot_s
