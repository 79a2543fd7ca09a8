"""Runs and transforms that failed run again when somebody asks for it."""

from typing import Any

import pytest

from runtime.core import ids
from runtime.core.deliveries.delivery import Status
from runtime.core.functions.rerun import VersionChoice
from runtime.core.functions.run import Outcome
from runtime.core.ids import Key
from runtime.errors import Conflict, NotFound
from runtime.usecases.functions.invoke_function import InvokeFunction
from tests.builders import TENANT
from tests.rerun_parts import PromptQueue
from tests.rerun_world import FUNCTION, WEBHOOK, RerunWorld, poisoned


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
