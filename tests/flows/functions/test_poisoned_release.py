"""A release that fails on every event is mended: one job makes up for it, whoever dies in it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.core import ids
from runtime.core.deliveries.delivery import Status
from runtime.core.events.envelope import Event
from runtime.core.functions.run import Outcome
from runtime.core.replays.replay import Replay, ReplayState
from runtime.usecases.deliveries.start_replay import WantedReplay
from runtime.usecases.functions.start_replay import WantedRunReplay
from tests.builders import TENANT
from tests.chaos import report
from tests.chaos.report import Tell
from tests.rerun_world import FUNCTION, WEBHOOK, RerunWorld, poisoned, spent_by

POISONED = 500


def check_runs(world: RerunWorld, events: list[Event], job: Replay) -> None:
    """Every run ended well, and took effect once."""
    assert (ReplayState.DONE, len(events), 0) == (job.state, job.replayed, job.passed_over)
    runs = [world.run_of(event) for event in events]
    assert {(Outcome.RETURNED, 2, 2, job.id)} == {
        (run.outcome, run.attempt, run.version, run.replay_id) for run in runs
    }
    assert spent_by(events) == world.spent
    emitted = {event.id for event in world.bus.events}
    assert {ids.emitted_event_id(run.id, 0) for run in runs} == emitted


def check_deliveries(world: RerunWorld, events: list[Event], job: Replay) -> None:
    """Every delivery arrived under its first id, and its run took effect once."""
    assert (ReplayState.DONE, len(events), 0) == (job.state, job.replayed, job.passed_over)
    first_ids = {ids.delivery_id(TENANT, event.id, WEBHOOK) for event in events}
    assert first_ids == set(world.receiver.arrived) == set(world.deliveries.by_id)
    records = world.deliveries.by_id.values()
    assert {(Status.DELIVERED, None, job.id)} == {
        (each.status, each.reason, each.replay_id) for each in records
    }
    assert {f'{{"order":"{event.id}"}}' for event in events} == {each.body for each in records}
    assert spent_by(events) == world.spent


class TestAPoisonedRelease:
    """A function that failed on every event, and is mended."""

    def test_one_job_runs_all_of_its_runs_again(self) -> None:
        """Each ends well, takes effect once, and the sums in the profiles are exact."""
        world = RerunWorld()
        events = poisoned(world, POISONED)
        assert {} == world.spent

        job = world.replay_runs(TENANT, FUNCTION, wanted=WantedRunReplay())
        world.settle()

        check_runs(world, events, world.job(job))
        assert {1: POISONED, 2: POISONED} == dict(world.sandbox.runs)
        assert POISONED == len(world.bus.events)

    def test_one_job_makes_all_deliveries_of_a_transform(self) -> None:
        """They arrive under their first ids, once each."""
        world = RerunWorld()
        events = poisoned(world, POISONED, webhook_id=WEBHOOK)
        assert {(Status.DEAD, "function_raised")} == {
            (each.status, each.reason) for each in world.deliveries.by_id.values()
        }

        job = world.replay_deliveries(TENANT, WEBHOOK, wanted=WantedReplay())
        world.settle()

        check_deliveries(world, events, world.job(job))
        assert {1} == set(world.receiver.arrived.values())

    @given(seed=st.integers(0, 2**32), kill_rate=st.sampled_from([0.0, 0.01, 0.02]))
    @settings(max_examples=15, deadline=None)
    def test_killed_at_random_steps_it_is_the_same(self, seed: int, kill_rate: float) -> None:
        """Calls are refused, go unanswered, or are the last; messages come twice."""
        for webhook_id in (None, WEBHOOK):
            play(seed, 30, kill_rate=kill_rate, webhook_id=webhook_id)

    @pytest.mark.chaos
    @pytest.mark.parametrize("webhook_id", [None, WEBHOOK])
    def test_killed_at_hundreds_of_steps_it_is_the_same(
        self, webhook_id: str | None, tell: Tell
    ) -> None:
        """Five hundred at a time, with seeds that are printed."""
        for number in range(10):
            seed = report.seed() + number
            tell(report.opening(f"reruns ({webhook_id or 'trigger'})", seed))
            world = play(seed, POISONED, kill_rate=0.01, webhook_id=webhook_id)
            tell(f"  {len(world.faults.log)} faults in {world.faults.life} lives")


def play(seed: int, number: int, *, kill_rate: float, webhook_id: str | None) -> RerunWorld:
    """A poisoned release whose replay is worked on by workers that die."""
    world = RerunWorld(seed=seed)
    events = poisoned(world, number, webhook_id=webhook_id)
    world.faults.kill_rate, world.faults.fail_rate, world.repeats = kill_rate, 0.03, 0.05
    job: Replay
    if webhook_id is None:
        job = world.replay_runs(TENANT, FUNCTION, wanted=WantedRunReplay())
        world.settle()
        check_runs(world, events, world.job(job))
    else:
        job = world.replay_deliveries(TENANT, webhook_id, wanted=WantedReplay())
        world.settle()
        check_deliveries(world, events, world.job(job))
    return world
