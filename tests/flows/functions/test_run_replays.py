"""Many runs of a function, run again by a job: what it takes, what it leaves, and how it ends."""

from dataclasses import replace
from typing import Any

import pytest

from runtime.core.functions.replay import RunReplay
from runtime.core.functions.rerun import VersionChoice
from runtime.core.functions.run import Outcome
from runtime.core.ids import Key
from runtime.core.replays.replay import Replay, ReplayState
from runtime.core.timestamps import timestamp
from runtime.errors import Conflict, Transient
from runtime.usecases.deliveries.start_replay import WantedReplay
from runtime.usecases.functions.start_replay import WantedRunReplay
from tests.builders import TENANT
from tests.rerun_parts import UnreachableQueue
from tests.rerun_world import FUNCTION, WEBHOOK, RerunWorld, poisoned, spent_by


class TestReplays:
    """Jobs that run many runs again."""

    def test_what_is_not_asked_for_is_left(self) -> None:
        """By outcome, time and topic; and what is under way."""
        world = RerunWorld()
        events = poisoned(world, 4)
        world.runs.by_id[world.run_of(events[0]).id] = replace(
            world.run_of(events[0]), outcome=Outcome.TIMED_OUT
        )
        world.runs.by_id[world.run_of(events[1]).id] = replace(
            world.run_of(events[1]), topic="metric.other"
        )
        world.retry_run(TENANT, world.run_of(events[2]).id)
        wanted = WantedRunReplay(outcomes=[Outcome.RAISED], topic=events[0].topic)

        job = world.replay_runs(TENANT, FUNCTION, wanted=wanted)
        early = world.replay_runs(
            TENANT, FUNCTION, wanted=WantedRunReplay(until="2026-01-01T00:00:00.000Z")
        )
        world.clock.advance(11)
        world.sweep()
        world.settle()

        assert (1, 0) == (world.job(job).replayed, world.job(job).passed_over)
        assert (0, 0) == (world.job(early).replayed, world.job(early).passed_over)
        assert [1, 1, 2, 2] == [world.run_of(event).attempt for event in events]

    def test_the_runs_of_a_namesake_are_left(self) -> None:
        """Its function was removed for good, and another one has its name and other work."""
        world = RerunWorld()
        events = poisoned(world, 2)
        world.change(created_at=timestamp(world.clock()))

        job = world.replay_runs(TENANT, FUNCTION, wanted=WantedRunReplay())
        world.clock.advance(11)
        world.sweep()
        world.settle()

        assert (0, 0) == (world.job(job).replayed, world.job(job).passed_over)
        assert [1, 1] == [world.run_of(event).attempt for event in events]

    def test_the_code_of_a_namesake_is_not_the_same_version(self) -> None:
        """Its function was removed for good, and another one has its name and a version 1."""
        world = RerunWorld()
        events = poisoned(world, 2)
        old = world.run_of(events[0])
        world.runs.by_id[old.id] = replace(old, source_sha256="f" * 64)

        job = world.replay_runs(
            TENANT, FUNCTION, wanted=WantedRunReplay(version=VersionChoice.SAME)
        )
        world.clock.advance(11)
        world.sweep()
        world.settle()

        assert (1, 1) == (world.job(job).replayed, world.job(job).passed_over)
        assert [1, 2] == [world.run_of(event).attempt for event in events]

    @pytest.mark.parametrize("webhook_id", [None, WEBHOOK])
    def test_a_sweep_sends_the_hints_of_runs_that_a_killed_one_has_begun(
        self, webhook_id: str | None
    ) -> None:
        """Of a function's replay and of a webhook's. Else they wait until the runs are swept."""
        world = RerunWorld()
        events = poisoned(world, 3, webhook_id=webhook_id)
        if webhook_id is None:
            world.replay_runs(TENANT, FUNCTION, wanted=WantedRunReplay())
        else:
            world.replay_deliveries(TENANT, WEBHOOK, wanted=WantedReplay())
        world.clock.advance(11)
        queue, world.run_queue = world.run_queue, UnreachableQueue(world.clock)
        with pytest.raises(Transient):
            world.work_replays()()
        begun = [world.run_of(event, webhook_id=webhook_id) for event in events]
        assert all(run.is_begun_again for run in begun)
        world.run_queue = queue

        world.clock.advance(121)
        world.work_replays()()

        assert {run.id for run in begun} == {hint.run_id for hint in queue.take()}

    def test_what_cannot_be_run_again_is_counted(self) -> None:
        """Its event has expired, or its version was deleted."""
        world = RerunWorld()
        events = poisoned(world, 3)
        del world.events.by_key[Key(TENANT, events[0].id)]
        live = world.replay_runs(TENANT, FUNCTION, wanted=WantedRunReplay())
        world.settle()
        assert (2, 1) == (world.job(live).replayed, world.job(live).passed_over)

        world.functions.deleted = {1}
        same = world.replay_runs(
            TENANT, FUNCTION, wanted=WantedRunReplay(version=VersionChoice.SAME)
        )
        world.settle()
        assert (0, 1) == (world.job(same).replayed, world.job(same).passed_over)

    def test_runs_that_fail_again_are_not_run_a_third_time(self) -> None:
        """The job has had them, although they are failed once more."""
        world = RerunWorld()
        events = poisoned(world, 3)
        world.publish(1)

        job = world.replay_runs(TENANT, FUNCTION, wanted=WantedRunReplay())
        world.settle()

        assert (3, 0) == (world.job(job).replayed, world.job(job).passed_over)
        assert {2} == {world.run_of(event).attempt for event in events}

    def test_a_cancelled_replay_stops_where_it_is(self) -> None:
        """What it has begun is run; the rest stays as it is."""
        world = RerunWorld()
        events = poisoned(world, 3)
        job = world.replay_runs(TENANT, FUNCTION, wanted=WantedRunReplay())

        cancelled = world.cancel(TENANT, job.subject, job.id)
        world.settle()

        assert ReplayState.CANCELLED is cancelled.state is world.job(job).state
        assert {1} == {world.run_of(event).attempt for event in events}

    def test_two_sweeps_at_once_begin_each_run_once(self) -> None:
        """One of them has taken so long that its lease is over."""
        world = RerunWorld()
        events = poisoned(world, 3)
        job = world.replay_runs(TENANT, FUNCTION, wanted=WantedRunReplay())
        world.clock.advance(11)
        taken_over: list[int] = []

        class Slow:
            """Another sweep takes the job over at the moment of each write of it."""

            def replace(self, old: Replay, new: Replay, /) -> Replay | None:
                if isinstance(new, RunReplay) and new.state is ReplayState.DONE and not taken_over:
                    world.clock.advance(121)
                    taken_over.append(world.work_replays()())
                return world.replays.replace(old, new)

            def due(self, *, now_ms: int, limit: int) -> list[Replay]:
                return world.replays.due(now_ms=now_ms, limit=limit)

        world.work_replays(store=Slow())()
        world.settle()

        assert (3, 0) == (world.job(job).replayed, world.job(job).passed_over)
        assert {2} == {world.run_of(event).attempt for event in events}
        assert spent_by(events) == world.spent

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"enabled": False}, "function_disabled"),
            ({"live_version": None}, "no_live_version"),
        ],
    )
    def test_a_function_that_cannot_run_gets_no_replay(
        self, changes: dict[str, Any], code: str
    ) -> None:
        """It would only record the same again, for every run."""
        world = RerunWorld()
        world.change(**changes)

        with pytest.raises(Conflict) as refusal:
            world.replay_runs(TENANT, FUNCTION, wanted=WantedRunReplay())

        assert code == refusal.value.code
