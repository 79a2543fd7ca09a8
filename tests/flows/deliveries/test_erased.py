"""Messages and retries about an erased person: nothing is sent, and nothing is kept."""

from runtime.core.deliveries.delivery import Status
from runtime.core.ids import Key
from tests.builders import TENANT, a_deliver_message
from tests.delivery_world import World
from tests.scripted_receiver import ScriptedReceiver, answer


def test_a_queued_delivery_of_an_erased_person_is_skipped(
    world: World, receiver: ScriptedReceiver
) -> None:
    """Its message has the body; its record says that there was one, and why it was not sent."""
    message = a_deliver_message()
    world.erasures.events.add(Key(TENANT, message.event_id))

    assert [None] == world.deliver_now(message)

    assert [] == receiver.received
    assert (Status.SKIPPED, "erased", "") == (
        world.record.status,
        world.record.reason,
        world.record.body,
    )


def test_a_delivery_that_waits_for_its_next_attempt_is_skipped_too(
    world: World, receiver: ScriptedReceiver
) -> None:
    """What its receiver answered at the first attempt goes as well."""
    receiver.script("/", answer(503, body=b"no such customer"))
    message = a_deliver_message()
    world.deliver_now(message)
    world.erasures.events.add(Key(TENANT, message.event_id))

    world.run()

    assert 1 == len(receiver.received)
    assert (Status.SKIPPED, "erased", "") == (
        world.record.status,
        world.record.reason,
        world.record.body,
    )
    assert [""] == [each.answer_excerpt for each in world.record.attempts]
