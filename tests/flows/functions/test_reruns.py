"""Runs and transforms that failed run again when somebody asks for it."""

from dataclasses import replace
from typing import Any

import pytest

from runtime.core import ids
from runtime.core.deliveries.delivery import Status
from runtime.core.functions.replay import RunReplay
from runtime.core.functions.rerun import VersionChoice
from runtime.core.functions.run import Outcome
from runtime.core.ids import Key
from runtime.core.replays.replay import Replay, ReplayState
from runtime.core.timestamps import timestamp
from runtime.errors import Conflict, NotFound, Transient
from runtime.usecases.deliveries.start_replay import WantedReplay
from runtime.usecases.functions.invoke_function import InvokeFunction
from runtime.usecases.functions.start_replay import WantedRunReplay
from tests.builders import TENANT
from tests.rerun_parts import PromptQueue, UnreachableQueue
from tests.rerun_world import FUNCTION, WEBHOOK, RerunWorld, poisoned, spent_by


class TestOneRun:
    """Somebody runs one run again."""

    def test_it_is_the_next_attempt_of_the_same_run(self) -> None:
        """With the live version and the profile of now; its effects have the ids of the run."""
        world = RerunWorld()
        [event] = poisoned(world, 1)

        begun = world.retry_run(TENANT, world.run_of(event).id)
        world.settle()

        after = world.run_of(event)
        assert (1, Outcome.RAISED) == (begun.attempt, begun.outcome)
        assert begun.due_at_ms is not None
        assert (2, Outcome.RETURNED, 2) == (after.attempt, after.outcome, after.version)
        assert {"customer-1": 1} == world.spent
        assert [ids.emitted_event_id(after.id, 0)] == [each.id for each in world.bus.events]

    def test_the_answer_is_the_run_as_it_was_begun_however_soon_it_is_made(self) -> None:
        """Whoever waits looks for the attempt after the one that the answer shows."""
        world = RerunWorld()
        [event] = poisoned(world, 1)
        world.run_queue = PromptQueue(world)

        begun = world.retry_run(TENANT, world.run_of(event).id)

        assert 2 == world.run_of(event).attempt
        assert (1, Outcome.RAISED, True) == (begun.attempt, begun.outcome, begun.is_begun_again)

    def test_an_invoke_names_the_attempt_that_it_asks_for_however_soon_it_is_made(self) -> None:
        """Whoever waits for a later one waits in vain."""
        world = RerunWorld()
        [event] = poisoned(world, 1)
        world.run_queue = PromptQueue(world)
        invoke = InvokeFunction(
            functions=world.functions,
            runs=world.runs,
            events=world.events,
            hints=world.run_queue,
            retry=world.retry_run,
        )

        asked = invoke(TENANT, FUNCTION, event, version=None, force=False)

        assert 2 == asked.attempt == world.run_of(event).attempt

    def test_a_lost_hint_is_made_up_for_by_the_sweep(self) -> None:
        """The record says that the attempt is due before anybody is told."""
        world = RerunWorld()
        [event] = poisoned(world, 1)
        world.retry_run(TENANT, world.run_of(event).id)
        assert world.run_queue.take()

        world.settle()

        assert Outcome.RETURNED is world.run_of(event).outcome

    def test_a_sweep_that_comes_right_behind_sends_no_second_hint(self) -> None:
        """The code would run twice, and make its http calls twice, for a run of yesterday."""
        world = RerunWorld()
        [event] = poisoned(world, 1)
        world.clock.advance(86_400)
        world.retry_run(TENANT, world.run_of(event).id)

        world.sweep()

        assert [2] == [hint.attempt for hint, _ in world.run_queue.sent[1:]]

    @pytest.mark.parametrize("version", [VersionChoice.SAME, 1])
    def test_it_can_run_with_the_version_that_failed(self, version: VersionChoice | int) -> None:
        """To see it fail again, with more in its log."""
        world = RerunWorld()
        [event] = poisoned(world, 1)

        world.retry_run(TENANT, world.run_of(event).id, version=version)
        world.settle()

        after = world.run_of(event)
        assert (2, Outcome.RAISED, 1) == (after.attempt, after.outcome, after.version)

    def test_a_run_that_succeeded_is_run_again_only_on_explicit_wish(self) -> None:
        """Its profile changes are applied once more; its events repeat under the same ids."""
        world = RerunWorld()
        world.publish(2)
        [event] = world.land(1, webhook_id=WEBHOOK)
        world.settle()
        run_id = world.run_of(event, webhook_id=WEBHOOK).id
        with pytest.raises(Conflict) as refusal:
            world.retry_run(TENANT, run_id)
        assert "run_succeeded" == refusal.value.code

        world.retry_run(TENANT, run_id, force=True)
        world.settle()

        assert {"customer-1": 2} == world.spent
        assert [ids.emitted_event_id(run_id, 0)] * 2 == [each.id for each in world.bus.events]
        # The receiver has had the delivery, and does not get it again.
        assert {ids.delivery_id(TENANT, "evt_1", WEBHOOK): 1} == world.receiver.arrived

    @pytest.mark.parametrize(
        ("changes", "version", "code"),
        [
            ({"enabled": False}, "live", "function_disabled"),
            ({"deleted_at": "2026-11-20T14:00:00.000Z"}, "live", "function_deleted"),
            ({"live_version": None}, "live", "no_live_version"),
            ({}, 7, "version_not_found"),
            ({}, 1, "version_deleted"),
            ({}, "same", "version_deleted"),
        ],
    )
    def test_what_cannot_run_is_refused_with_the_way_out(
        self, changes: dict[str, Any], version: str | int, code: str
    ) -> None:
        """Nothing is changed, so it can be asked again."""
        world = RerunWorld()
        [event] = poisoned(world, 1)
        before = world.run_of(event)
        world.change(**changes)
        world.functions.deleted = {1}
        choice = version if isinstance(version, int) else VersionChoice(version)

        with pytest.raises((Conflict, NotFound)) as refusal:
            world.retry_run(TENANT, before.id, version=choice)

        assert (code, before) == (refusal.value.code, world.run_of(event))

    def test_what_is_gone_or_under_way_is_refused(self) -> None:
        """An event that has expired, a run that is begun already, another tenant's, none at all."""
        world = RerunWorld()
        first, second = poisoned(world, 2)
        del world.events.by_key[Key(TENANT, first.id)]
        run_ids = [world.run_of(each).id for each in (first, second)]
        world.retry_run(TENANT, run_ids[1])

        codes = []
        for tenant, run_id in [*((TENANT, each) for each in run_ids), ("other", run_ids[0])]:
            with pytest.raises((Conflict, NotFound)) as refusal:
                world.retry_run(tenant, run_id)
            codes.append(refusal.value.code)

        assert ["event_expired", "run_pending", "run_not_found"] == codes

    def test_without_a_function_nothing_runs(self) -> None:
        """The code is gone; the message says how to have the event run by another."""
        world = RerunWorld()
        [event] = poisoned(world, 1)
        world.functions.function = None

        with pytest.raises(Conflict) as refusal:
            world.retry_run(TENANT, world.run_of(event).id)

        assert "function_deleted" == refusal.value.code


class TestOneDelivery:
    """Somebody sends a delivery again that its function has not made."""

    def test_its_function_runs_and_it_arrives_under_its_first_id(self) -> None:
        """The record is the same, with a body now."""
        world = RerunWorld()
        [event] = poisoned(world, 1, webhook_id=WEBHOOK)
        delivery_id = ids.delivery_id(TENANT, event.id, WEBHOOK)
        dead = world.deliveries.by_id[delivery_id]

        assert dead == world.retry_delivery(TENANT, delivery_id)
        world.settle()

        after = world.deliveries.by_id[delivery_id]
        assert (Status.DELIVERED, '{"order":"evt_1"}') == (after.status, after.body)
        assert dead.created_at == after.created_at
        assert {delivery_id: 1} == world.receiver.arrived

    def test_a_function_that_fails_again_leaves_its_new_reason(self) -> None:
        """And can be run once more when it is mended."""
        world = RerunWorld()
        [event] = poisoned(world, 1, webhook_id=WEBHOOK)
        delivery_id = ids.delivery_id(TENANT, event.id, WEBHOOK)
        world.publish(3)  # there is none

        world.retry_delivery(TENANT, delivery_id)
        world.change(enabled=False)
        world.settle()

        skipped = world.deliveries.by_id[delivery_id]
        assert (Status.DEAD, "function_skipped") == (skipped.status, skipped.reason)
        world.change(enabled=True)
        world.publish(2)
        world.retry_delivery(TENANT, delivery_id)
        world.settle()
        assert Status.DELIVERED is world.deliveries.by_id[delivery_id].status

    def test_all_deliveries_of_a_list_are_sent(self) -> None:
        """The first under the id that was dead, the others under their own."""
        world = RerunWorld()
        [event] = poisoned(world, 1, webhook_id=WEBHOOK)
        world.sandbox.output = [{"parcel": 1}, {"parcel": 2}]

        world.retry_delivery(TENANT, ids.delivery_id(TENANT, event.id, WEBHOOK))
        world.settle()

        assert {
            ids.delivery_id(TENANT, event.id, WEBHOOK, position): Status.DELIVERED
            for position in range(2)
        } == {each.id: each.status for each in world.deliveries.by_id.values()}

    def test_one_that_was_dropped_is_made_when_somebody_asks_for_it(self) -> None:
        """By its id; the function drops it again, or does not."""
        world = RerunWorld()
        world.publish(2)
        world.sandbox.output = None
        [event] = world.land(1, webhook_id=WEBHOOK)
        world.settle()
        delivery_id = ids.delivery_id(TENANT, event.id, WEBHOOK)
        assert Status.DROPPED is world.deliveries.by_id[delivery_id].status

        world.sandbox.output = {"order": "evt_1"}
        world.retry_delivery(TENANT, delivery_id)
        world.settle()

        assert Status.DELIVERED is world.deliveries.by_id[delivery_id].status

    def test_a_repeated_message_of_the_first_attempt_changes_nothing(self) -> None:
        """Its run has been made again since, and its delivery has arrived."""
        world = RerunWorld()
        [event] = poisoned(world, 1, webhook_id=WEBHOOK)
        delivery_id = ids.delivery_id(TENANT, event.id, WEBHOOK)
        world.retry_delivery(TENANT, delivery_id)
        world.settle()
        before = world.deliveries.by_id[delivery_id]

        world.land(1, webhook_id=WEBHOOK)
        world.settle()

        assert before == world.deliveries.by_id[delivery_id]
        assert {delivery_id: 1} == world.receiver.arrived


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

        world.work_replays(replays=Slow())()
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
