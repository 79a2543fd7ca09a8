"""Delivering while our own parts fail, repeat and overlap: nothing lost, nothing blamed."""

from dataclasses import replace
from typing import Any

import pytest

from runtime.core.deliveries.delivery import Status
from runtime.errors import BadInput, Permanent, Transient
from runtime.usecases.deliveries.deliver_attempt import DeliverAttempts
from tests.builders import a_deliver_message
from tests.delivery_world import World, messages
from tests.doubles import Failing
from tests.scripted_receiver import ScriptedReceiver, answer


def test_a_webhook_that_the_index_does_not_know_yet_is_asked_for(
    world: World, receiver: ScriptedReceiver
) -> None:
    """Another instance may have seen it first."""
    known = world.webhooks.by_id.pop("whk_1")
    world.webhooks.find = lambda *_: known  # type: ignore[method-assign]

    world.deliver_now()

    assert world.record.status is Status.DELIVERED
    assert len(receiver.received) == 1


@pytest.mark.parametrize("attempt", [1, 3])
def test_a_stale_hint_sends_nothing(world: World, receiver: ScriptedReceiver, attempt: int) -> None:
    """Queues deliver twice and out of order; the record decides."""
    receiver.script("/", answer(500))
    world.deliver_now()

    assert world.deliver_now(a_deliver_message(attempt=attempt)) == [None]
    assert len(receiver.received) == 1


def test_a_hint_for_a_finished_delivery_sends_nothing(
    world: World, receiver: ScriptedReceiver
) -> None:
    """Never after a terminal state."""
    world.deliver_now()

    world.deliver_now(a_deliver_message(attempt=2, body=None))

    assert len(receiver.received) == 1


def test_a_hint_without_a_record_is_refused_not_forgotten(world: World) -> None:
    """The record holds the body; without it there is nothing to send, and somebody must look."""
    (problem,) = world.deliver_now(a_deliver_message(attempt=2, body=None))

    assert isinstance(problem, BadInput)
    assert problem.code == "no_record"


def test_a_message_twice_in_one_batch_is_sent_once(
    world: World, receiver: ScriptedReceiver
) -> None:
    """Two coroutines with one record would both POST."""
    assert world.deliver_now(a_deliver_message(), a_deliver_message()) == [None, None]

    assert len(receiver.received) == 1


def test_a_crash_between_post_and_write_repeats_and_loses_nothing(
    world: World, receiver: ScriptedReceiver
) -> None:
    """At least once: the duplicate has the id of the first."""
    world.deliveries.add = Failing(world.deliveries.add, Transient("throttled"))  # type: ignore[method-assign]

    world.run(a_deliver_message())

    first, second = receiver.received
    assert first.header("webhook-id") == second.header("webhook-id")
    assert world.record.status is Status.DELIVERED
    assert len(world.record.attempts) == 1


def test_a_hint_that_is_lost_is_made_up_for_by_the_sweep(
    world: World, receiver: ScriptedReceiver
) -> None:
    """No timer can be lost: the timer is the record's."""
    receiver.script("/", answer(500), answer())
    send = world.queue.send
    world.queue.send = Failing(send, Transient("SQS is away"))  # type: ignore[method-assign]
    first = world.deliver_now()
    assert isinstance(first[0], Transient)

    world.run()

    assert world.record.status is Status.DELIVERED
    assert len(receiver.received) == 2


def test_overlapping_sweeps_hint_once(world: World, receiver: ScriptedReceiver) -> None:
    """The lease tells them apart; after it, a lost hint is sent again."""
    receiver.script("/", answer(500))
    webhook = world.webhooks.by_id["whk_1"]
    world.webhooks.by_id["whk_1"] = replace(webhook, retry_schedule_s=(2000,))
    world.deliver_now()
    world.clock.advance(2031)

    assert (world.sweep(), world.sweep()) == (1, 0)
    world.clock.advance(91)
    assert world.sweep() == 1


def test_a_sweep_leaves_a_fresh_hint_its_time(world: World, receiver: ScriptedReceiver) -> None:
    """A second hint at the very moment of the first would be a second POST."""
    receiver.script("/", answer(500))
    world.deliver_now()
    world.clock.advance(6)

    assert world.sweep() == 0


def test_a_failing_shard_does_not_keep_the_sweep_from_the_others(world: World) -> None:
    """And the failure is told."""
    receiver_down = a_deliver_message()
    world.webhooks.by_id["whk_1"] = replace(
        world.webhooks.by_id["whk_1"], url="http://localhost:1/", retry_schedule_s=(2000,)
    )
    world.deliver_now(receiver_down)
    world.clock.advance(3000)
    due = Failing(world.deliveries.due, Transient("no"))
    world.deliveries.due = due  # type: ignore[method-assign]
    backwards = replace(world.sweep, shards=("1", "0"))

    with pytest.raises(Transient):
        backwards()

    assert len(world.queue.sent) == 1


def test_a_sweep_cut_short_has_hinted_at_all_that_it_leased(world: World) -> None:
    """What is leased and not hinted at waits a minute more, each time a long sweep is cut short."""
    webhook = world.webhooks.by_id["whk_1"]
    world.webhooks.by_id["whk_1"] = replace(
        webhook, url="http://localhost:1/", retry_schedule_s=(2000,)
    )
    for first in range(0, 40, 8):  # fewer at a time than would open the breaker for good
        world.deliver_now(*messages(40)[first : first + 8])
        world.health.by_key.clear()
    world.clock.advance(3000)
    lease, leases = world.deliveries.lease, iter(range(25))

    def refusing(*args: Any, **kwargs: Any) -> bool:
        if next(leases, None) is None:
            raise Transient("throttled")
        return lease(*args, **kwargs)

    world.deliveries.lease = refusing  # type: ignore[method-assign]

    with pytest.raises(Transient):
        world.sweep()

    assert len(world.queue.sent) == 25


def test_our_own_fault_is_not_the_receivers(world: World, receiver: ScriptedReceiver) -> None:
    """A secret that does not open makes the message come back; no attempt is counted."""
    world.deliver = replace_open(world, Permanent("sealed for another", code="unsealable"))

    (problem,) = world.deliver_now()

    assert isinstance(problem, Transient)
    assert problem.code == "unsealable"
    assert world.deliveries.by_id == {}
    assert receiver.received == []


def replace_open(world: World, problem: Exception) -> DeliverAttempts:
    """The same use case with an opener that fails once."""
    return replace(
        world.deliver,
        courier=replace(
            world.deliver.courier,
            open_secret=Failing(world.deliver.courier.open_secret, problem),
        ),
        _loop=world.deliver._loop,  # noqa: SLF001 - one loop a world
    )


def test_one_fault_does_not_touch_the_rest_of_the_batch(
    world: World, receiver: ScriptedReceiver
) -> None:
    """Even when it is a bug."""
    world.deliver = replace_open(world, ZeroDivisionError("a bug"))

    results = world.deliver_now(*messages(10))

    assert [type(each) for each in results] == [Transient] + [type(None)] * 9
    assert len(receiver.received) == 9
    assert results[0] is not None
    assert results[0].code == "internal"


def test_a_store_that_cannot_be_read_brings_every_message_back(
    world: World, receiver: ScriptedReceiver
) -> None:
    """Sending without knowing would send twice."""
    world.deliveries.get = Failing(world.deliveries.get, Transient("no"))  # type: ignore[method-assign]

    assert [type(each) for each in world.deliver_now(*messages(3))] == [Transient] * 3
    assert receiver.received == []
