"""Deliveries that an admin has paused: none is lost, none is counted, and they go on in order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.core.deliveries.delivery import Status
from tests.builders import a_deliver_message, a_webhook
from tests.delivery_world import World
from tests.scripted_receiver import ScriptedReceiver, answer

HOUR_S = 3600


def test_a_paused_delivery_waits_on_record_and_loses_no_attempt(
    world: World, receiver: ScriptedReceiver
) -> None:
    """A message that waited in its queue would be a dead letter after half an hour."""
    world.paused = True

    assert [None] == world.deliver_now()
    for _ in range(10):
        world.clock.advance(HOUR_S)
        assert 0 == world.sweep()

    waiting = world.record
    assert (Status.PENDING, "delivery_paused", ()) == (
        waiting.status,
        waiting.reason,
        waiting.attempts,
    )
    assert world.queue.next_at is None
    assert [] == receiver.received

    world.paused = False
    world.run()

    assert (Status.DELIVERED, 1) == (world.record.status, len(world.record.attempts))
    assert 1 == len(receiver.received)


def test_a_retry_that_comes_due_while_deliveries_are_paused_is_the_next_attempt(
    world: World, receiver: ScriptedReceiver
) -> None:
    """Its schedule goes on where it stood."""
    receiver.script("/", answer(503), answer())
    world.deliver_now()
    world.paused = True
    world.clock.advance(HOUR_S)
    world.deliver_now(*world.queue.take())

    assert 1 == len(receiver.received)
    world.paused = False
    world.run()

    assert [1, 2] == [each.number for each in world.record.attempts]
    assert Status.DELIVERED is world.record.status


def test_what_has_waited_longest_goes_first(world: World, receiver: ScriptedReceiver) -> None:
    """A receiver that gets the oldest first can tell what is still to come."""
    world.paused = True
    for number in range(30):
        world.deliver_now(
            a_deliver_message(delivery_id=f"dlv_{number:02d}", event_id=f"evt_{number:02d}")
        )
        world.clock.advance(1)
    world.paused = False

    world.sweep()
    order = []
    while batch := world.queue.take():
        order += [message.delivery_id for message in batch]

    assert sorted(order) == order
    assert 30 == len(order)
    assert [] == receiver.received


@settings(max_examples=10)
@given(
    st.lists(
        st.one_of(st.just("arrive"), st.just("pause"), st.just("resume"), st.just("minute")),
        max_size=12,
    )
)
def test_whenever_it_is_paused_each_delivery_is_made_once(steps: list[str]) -> None:
    """In any order of pauses, arrivals and minutes."""
    with ScriptedReceiver() as receiver:
        world = World(a_webhook(url=receiver.url()))
        try:
            sent = 0
            for step in steps:
                match step:
                    case "arrive":
                        message = a_deliver_message(
                            delivery_id=f"dlv_{sent}", event_id=f"evt_{sent}"
                        )
                        world.queue.send([message])
                        sent += 1
                    case "minute":
                        world.clock.advance(60)
                        world.sweep()
                        world.deliver.deliver_all(world.queue.take())
                    case _:
                        world.paused = step == "pause"
            world.paused = False
            world.run()

            records = world.deliveries.by_id.values()
            assert sent == len(records) == len(receiver.received)
            assert all(
                (Status.DELIVERED, 1) == (each.status, len(each.attempts)) for each in records
            )
        finally:
            world.deliver.close()
