"""Endpoints that fail for long, on a virtual clock: what is sent, what waits, who hears of it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from threading import Event

from runtime.core.deliveries.delivery import Status
from runtime.core.deliveries.messages import DeliverMessage
from runtime.errors import Transient
from tests.builders import a_deliver_message
from tests.delivery_world import World, messages
from tests.doubles import Failing
from tests.scripted_receiver import Peer, ScriptedReceiver, answer


def test_a_healthy_endpoint_costs_no_write(world: World) -> None:
    """Ten deliveries, ten writes, and none about the endpoint."""
    world.deliver_now(*messages(10))

    assert world.health.writes == 0


def test_an_endpoint_is_known_as_slow_while_it_still_keeps_us_waiting(
    world: World, receiver: ScriptedReceiver
) -> None:
    """Told at the end only, every other worker would go and wait there meanwhile."""
    known: list[int | None] = []

    def dawdle(peer: Peer) -> bool | None:
        while not world.health.by_key and peer.pause(0.02):
            pass
        known.extend(each.slow_until_ms for each in world.health.by_key.values())
        return answer()(peer)

    receiver.script("/", dawdle)

    world.deliver_now()

    assert (len(known), world.health.writes) == (1, 1)
    assert world.record.status is Status.DELIVERED


def test_a_batch_of_failures_is_one_write(world: World, receiver: ScriptedReceiver) -> None:
    """Few writes, even then."""
    receiver.script("/", answer(500))

    world.deliver_now(*messages(10))

    assert world.health.writes == 1


class Dawdling:
    """A queue that takes a hint only when ten deliveries are on record."""

    def __init__(self, world: World) -> None:
        self._world, self._never = world, Event()

    def send(self, messages: Iterable[DeliverMessage], *, delay_s: int = 0) -> None:
        """Take them, late."""
        while len(self._world.deliveries.written) < 10:
            self._never.wait(0.01)
        self._world.queue.send(messages, delay_s=delay_s)


def test_a_failure_does_not_end_last_for_the_hint_that_it_needs(
    world: World, receiver: ScriptedReceiver
) -> None:
    """It would seem to be the endpoint's latest news, and cost a write and one to take it back."""

    def answer_later(peer: Peer) -> bool | None:
        while not world.deliveries.written and peer.pause(0.01):
            pass
        return answer()(peer)

    receiver.script("/", answer(500), answer_later)
    world.deliver = replace(world.deliver, hints=Dawdling(world))

    world.deliver_now(*messages(10))

    statuses = [each.status for each in world.deliveries.by_id.values()]
    assert sorted(statuses) == [Status.DELIVERED] * 9 + [Status.PENDING]
    assert world.health.writes == 0


def test_what_an_open_breaker_holds_back_keeps_its_attempts(
    world: World, receiver: ScriptedReceiver
) -> None:
    """Nothing is sent, nothing is lost, and no attempt is used up."""
    receiver.script("/", answer(500))
    world.deliver_now(*messages(10))
    waiting = a_deliver_message(delivery_id="dlv_late", event_id="evt_late")

    world.deliver_now(waiting)

    held = world.deliveries.by_id["dlv_late"]
    assert (held.status, held.reason, held.attempts) == (Status.PENDING, "circuit_open", ())
    assert held.due_at_ms is not None
    assert held.due_at_ms >= (world.clock().timestamp() + 30) * 1000
    assert len(receiver.received) == 10


def test_a_probe_that_arrives_lets_everything_through(
    world: World, receiver: ScriptedReceiver
) -> None:
    """Held deliveries arrive with their first attempt."""
    receiver.script("/", *[answer(500)] * 10, answer())
    world.deliver_now(*messages(10))
    late = [a_deliver_message(delivery_id=f"dlv_{n}", event_id=f"late_{n}") for n in range(20)]

    world.run(*late)

    ended = [world.deliveries.by_id[message.delivery_id] for message in late]
    assert {d.status for d in ended} == {Status.DELIVERED}
    assert {len(d.attempts) for d in ended} == {1}
    assert {d.reason for d in ended} == {None}


def test_only_one_of_many_is_the_probe(world: World, receiver: ScriptedReceiver) -> None:
    """Overlapping workers too: the claim is one conditional write."""
    receiver.script("/", answer(500))
    world.deliver_now(*messages(10))
    world.clock.advance(31)
    many = [a_deliver_message(delivery_id=f"dlv_{n}", event_id=f"late_{n}") for n in range(10)]

    world.deliver_now(*many)

    assert len(receiver.received) == 11


def test_an_endpoint_that_fails_for_five_days_is_disabled_and_its_tenant_told(
    world: World, receiver: ScriptedReceiver
) -> None:
    """At an hour, at a day, at the end; and then nothing is sent any more."""
    receiver.script("/", answer(500))
    end = world.clock() + timedelta(days=6)
    number = 0
    while world.clock() < end:
        number += 1
        world.run(a_deliver_message(delivery_id=f"dlv_{number}", event_id=f"evt_{number}"), hours=8)
        world.clock.advance(1800)

    assert world.bus.topics == ["webhook.failing", "webhook.failing", "webhook.disabled"]
    webhook = world.webhooks.by_id["whk_1"]
    assert (webhook.enabled, webhook.disabled_reason) == (False, "failing")
    last = world.deliveries.by_id[f"dlv_{number}"]
    assert (last.status, last.reason) == (Status.SKIPPED, "webhook_disabled")


def test_a_notice_that_could_not_be_sent_is_sent_by_the_sweep(
    world: World, receiver: ScriptedReceiver
) -> None:
    """The attempt stands; the notice is on record until it is out."""
    receiver.script("/", answer(410))
    world.bus.put = Failing(world.bus.put, Transient("the bus is away"))  # type: ignore[method-assign]

    assert world.deliver_now() == [None]
    assert world.bus.topics == []

    assert world.tend.sweep() == 1
    assert world.bus.topics == ["webhook.disabled"]
    assert world.tend.sweep() == 0
    assert world.journal.lines[-1]["message"] == "endpoint.not_tended"


def test_an_account_that_cannot_be_read_sends_nothing(
    world: World, receiver: ScriptedReceiver
) -> None:
    """Sending past a breaker that nobody can see would be no breaker."""
    world.health.known = Failing(world.health.known, Transient("no"))  # type: ignore[method-assign]

    (problem,) = world.deliver_now()

    assert isinstance(problem, Transient)
    assert receiver.received == []
