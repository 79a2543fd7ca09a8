"""What is beyond a tenant's quota is on record with the reason, and can be done again."""

from dataclasses import replace
from typing import Any

from runtime.core.deliveries.delivery import Status
from runtime.core.functions.run import Outcome
from tests.builders import TENANT, a_deliver_message, a_webhook
from tests.cloud import Cloud
from tests.delivery_world import World
from tests.quota import Left
from tests.runs import Platform, a_planned_run
from tests.scripted_receiver import ScriptedReceiver, answer


def test_a_delivery_beyond_the_quota_is_skipped_on_record() -> None:
    """It is not sent, and its tenant can replay it on another day."""
    quota = Left(1)
    messages = [
        a_deliver_message(delivery_id=f"dlv_{number}", event_id=f"evt_{number}")
        for number in range(3)
    ]
    with ScriptedReceiver() as receiver:
        world = World(a_webhook(url=receiver.url()))
        world.deliver = replace(world.deliver, quota=quota)
        try:
            assert [None] * 3 == world.deliver_now(*messages)
        finally:
            world.deliver.close()

        ended = [world.deliveries.by_id[message.delivery_id] for message in messages]
        assert [Status.DELIVERED, Status.SKIPPED, Status.SKIPPED] == [e.status for e in ended]
        assert [None, "quota_exceeded", "quota_exceeded"] == [each.reason for each in ended]
        assert 1 == len(receiver.received)
        assert [(TENANT, 3)] == quota.counted


def test_a_retry_does_not_count_against_the_quota() -> None:
    """A receiver that is down must not use up its sender's day."""
    quota = Left(1)
    with ScriptedReceiver() as receiver:
        url = receiver.script("/", answer(503), answer())
        world = World(a_webhook(url=url))
        world.deliver = replace(world.deliver, quota=quota)
        try:
            world.run(a_deliver_message())
        finally:
            world.deliver.close()

        assert (Status.DELIVERED, 2) == (world.record.status, len(world.record.attempts))
    assert 1 == sum(count for _, count in quota.counted)


def test_a_run_beyond_the_quota_is_skipped_on_record(cloud: Cloud) -> None:
    """Like one of a function that is disabled, and it can be run again like that one."""
    platform = Platform(cloud)
    platform.publish()
    first, second = a_planned_run(1), a_planned_run(2)
    parts: dict[str, Any] = {"quota": Left(1)}

    assert [None, None] == platform.run(first, second, **parts)

    made, skipped = platform.record(first), platform.record(second)
    assert (Outcome.RETURNED, Outcome.SKIPPED) == (made.outcome, skipped.outcome)
    assert "QuotaExceeded" == (skipped.error or {})["type"]
