"""The slow lane: who is sent there, and what happens when that fails."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.pacing import endpoint_health
from runtime.core.pacing.endpoint_health import SLOW_FOR_S, Health
from runtime.errors import PenstockError, Transient
from runtime.usecases.pacing.divert_slow import DivertSlow
from tests.builders import TENANT, a_deliver_message
from tests.doubles import FakeClock, MemoryEndpoints
from tests.virtual_queue import VirtualQueue

FAST = a_deliver_message(delivery_id="dlv_fast", webhook_id="whk_fast")
SLOW = a_deliver_message(delivery_id="dlv_slow", webhook_id="whk_slow")
FAULT = Transient("DynamoDB is away", code="aws_unavailable")
AWAY = Transient("SQS is away", code="aws_unavailable")


class Lane:
    """A slow endpoint and a fast one before a `deliver` that notes what it gets."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.endpoints = MemoryEndpoints()
        self.queue: VirtualQueue[DeliverMessage] = VirtualQueue(self.clock)
        self.worked: list[DeliverMessage] = []
        healthy = Health(tenant=TENANT, webhook_id="whk_slow")
        now_ms = int(self.clock().timestamp() * 1000)
        self.endpoints.replace(healthy, endpoint_health.slowed(healthy, now_ms=now_ms))
        self.divert = DivertSlow(
            endpoints=self.endpoints, hints=self.queue, deliver=self._deliver, clock=self.clock
        )

    def _deliver(self, messages: Sequence[DeliverMessage]) -> list[PenstockError | None]:
        self.worked += messages
        return [FAULT if each.webhook_id == "whk_fast" else None for each in messages]

    @property
    def moved(self) -> list[DeliverMessage]:
        """What was sent to the slow queue."""
        return [message for message, _ in self.queue.sent]


def test_only_what_is_bound_for_a_slow_endpoint_moves() -> None:
    """And each message keeps its own result, whatever moved around it."""
    lane = Lane()
    assert [None, FAULT, None] == list(lane.divert([SLOW, FAST, SLOW]))
    assert [replace(SLOW, slow=True)] * 2 == lane.moved
    assert [FAST] == lane.worked


def test_what_has_moved_is_worked_on_and_moves_no_further() -> None:
    """Otherwise it would circle in the slow queue for ever."""
    lane = Lane()
    assert [None] == list(lane.divert([replace(SLOW, slow=True)]))
    assert [] == lane.moved
    assert [replace(SLOW, slow=True)] == lane.worked


def test_an_endpoint_that_was_not_slow_for_a_while_is_back_in_the_fast_lane() -> None:
    """One bad day of a receiver must not cost it a second on each delivery for ever."""
    lane = Lane()
    lane.clock.advance(timedelta(seconds=SLOW_FOR_S).total_seconds())
    lane.divert([SLOW])
    assert [] == lane.moved
    assert [SLOW] == lane.worked


def test_what_cannot_move_comes_again_and_nothing_else_does() -> None:
    """Its neighbours have been worked on: to bring them back would send them twice."""
    lane = Lane()
    lane.queue.send = _refuse  # type: ignore[method-assign]
    assert [AWAY, FAULT, AWAY] == list(lane.divert([SLOW, FAST, SLOW]))
    assert [FAST] == lane.worked


def test_a_message_is_as_small_as_ever_and_tells_when_it_has_moved() -> None:
    """The mark must survive the queue, and workers of before must understand all the others."""
    assert "slow" not in FAST.to_json()
    assert replace(FAST, slow=True).to_json()["slow"] is True


def _refuse(*_: object, **__: object) -> None:
    raise AWAY
