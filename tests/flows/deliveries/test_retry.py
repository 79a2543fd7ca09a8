"""Sending one delivery again: a new round, at the receiver's pace."""

from collections import Counter
from dataclasses import replace

from runtime.core.deliveries.delivery import Status
from runtime.core.pacing.rate_limit import Per, RateLimit
from runtime.core.timestamps import timestamp
from runtime.usecases.deliveries.retry_delivery import RetryDelivery
from tests.builders import TENANT, a_delivery, a_webhook
from tests.delivery_world import World
from tests.run_doubles import retry_nothing
from tests.scripted_receiver import ScriptedReceiver, answer


def send_again(world: World, delivery_id: str) -> None:
    """Ask for one delivery again."""
    retry = RetryDelivery(
        deliveries=world.deliveries,
        webhooks=world.webhooks,
        hints=world.queue,
        retry_run=retry_nothing,
        clock=world.clock,
    )
    retry(TENANT, delivery_id)


def failed_once(worlds: list[World], *, url: str, again_after_s: int) -> World:
    """A world with one delivery, which waits after its first attempt."""
    world = World(a_webhook(url=url, retry_schedule_s=(again_after_s, 7200)))
    worlds.append(world)
    world.deliver_now()
    return world


def test_a_replay_keeps_within_the_rate_limit(worlds: list[World]) -> None:
    """A receiver that was down must not be knocked over by what it missed."""
    limit = RateLimit(count=5, per=Per.MINUTE)
    with ScriptedReceiver() as receiver:
        world = World(a_webhook(url=receiver.url(), rate_limit=limit))
        worlds.append(world)
        for number in range(40):
            missed = a_delivery(
                id=f"dlv_{number}", status=Status.SKIPPED, attempts=(), due_at_ms=None
            )
            world.deliveries.add(missed)
            send_again(world, missed.id)

        world.run()

    started = [d.attempts[0].started_at[:16] for d in world.deliveries.by_id.values()]
    assert (len(started), max(Counter(started).values())) == (40, 5)
    assert {d.status for d in world.deliveries.by_id.values()} == {Status.DELIVERED}


def test_what_was_skipped_while_disabled_arrives_when_it_is_asked_for(
    world: World, receiver: ScriptedReceiver
) -> None:
    """Under its own id, with its first attempt; and not before somebody asks."""
    world.webhooks.disable(TENANT, "whk_1", reason="failing")
    world.deliver_now()
    skipped = world.record
    webhook = world.webhooks.by_id["whk_1"]
    world.webhooks.by_id["whk_1"] = replace(webhook, enabled=True, disabled_reason=None)
    world.run()
    assert not receiver.received

    send_again(world, skipped.id)
    world.run()

    assert (skipped.status, skipped.reason) == (Status.SKIPPED, "webhook_disabled")
    assert (world.record.status, len(world.record.attempts)) == (Status.DELIVERED, 1)
    assert [seen.header("webhook-id") for seen in receiver.received] == [skipped.id]


def test_what_is_sent_again_has_its_whole_schedule_again(
    world: World, receiver: ScriptedReceiver
) -> None:
    """One more try would be no help to a receiver that is down for a minute more."""
    webhook = world.webhooks.by_id["whk_1"]
    world.webhooks.by_id["whk_1"] = replace(webhook, retry_schedule_s=(5,))
    receiver.script("/", *[answer(500)] * 3, answer())
    world.deliver_now()
    world.run()
    dead = world.record
    assert dead.status is Status.DEAD

    send_again(world, dead.id)
    world.run()

    assert world.record.status is Status.DELIVERED
    assert [made.number for made in world.record.attempts] == [1, 2, 3, 4]
    assert len({seen.header("webhook-id") for seen in receiver.received}) == 1


def test_a_delivery_that_waits_is_sent_now_and_once(worlds: list[World]) -> None:
    """Somebody has mended the receiver: the next attempt need not wait for hours."""
    with ScriptedReceiver(scripts={"/": [answer(503), answer(200)]}) as receiver:
        world = failed_once(worlds, url=receiver.url(), again_after_s=7200)
        failed = world.record

        for _ in range(3):
            send_again(world, failed.id)
        asked_at = world.clock()
        world.run()

    sent = world.record
    assert (failed.status, sent.status) == (Status.PENDING, Status.DELIVERED)
    assert [1, 2] == [each.number for each in sent.attempts]
    assert timestamp(asked_at) == sent.attempts[1].started_at
    assert 2 == len(receiver.received)


def test_the_hint_for_the_later_time_makes_no_attempt_more(worlds: list[World]) -> None:
    """It is on the queue already and cannot be taken back."""
    with ScriptedReceiver(scripts={"/": [answer(503)]}) as receiver:
        world = failed_once(worlds, url=receiver.url(), again_after_s=600)

        send_again(world, world.record.id)
        world.run()

    assert [1, 2, 3] == [each.number for each in world.record.attempts]
    assert 3 == len(receiver.received)


def test_a_delivery_that_the_sweep_has_just_sent_is_left_to_it(worlds: list[World]) -> None:
    """Its attempt may be at work, and a second one would come to the receiver at the same time."""
    with ScriptedReceiver(scripts={"/": [answer(503), answer(200)]}) as receiver:
        world = failed_once(worlds, url=receiver.url(), again_after_s=7200)
        world.clock.advance(7200)
        world.sweep()

        send_again(world, world.record.id)

        assert 1 == len(world.queue.take())


def test_the_next_sweep_sends_no_hint_beside_that_of_the_click(worlds: list[World]) -> None:
    """It may run in the same second, and two hints at once are two attempts at once."""
    with ScriptedReceiver(scripts={"/": [answer(503)]}) as receiver:
        world = failed_once(worlds, url=receiver.url(), again_after_s=7200)

        send_again(world, world.record.id)
        world.sweep()

        assert 1 == len(world.queue.take())
