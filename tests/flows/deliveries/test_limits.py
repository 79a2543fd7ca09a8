"""Limited endpoints, on a virtual clock: nothing above the limit, nothing dropped."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from runtime.core.deliveries.attempt import Answered, Posted
from runtime.core.deliveries.delivery import Status
from runtime.core.pacing.rate_limit import Per, RateLimit
from runtime.core.webhooks.access import Access
from tests.builders import a_webhook
from tests.delivery_world import World, messages
from tests.doubles import FakeClock


class Counting:
    """A receiver that notes when it takes something, and how many at the same time.

    The next `failing` it answers with 500; the rest it takes.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.at: list[float] = []
        self.ids: Counter[str] = Counter()
        self.now = self.most = 0
        self.failing = 0

    async def post(
        self,
        url: str,
        *,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        deadline_s: float,
        access: Access,
    ) -> Posted:
        """200, after everybody else has had a chance to come in."""
        assert url
        assert body
        assert deadline_s
        assert access is not None
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        self.at.append(self._clock().timestamp())
        if self.failing:
            self.failing -= 1
            return Posted(happening=Answered(status=500))
        self.ids[dict(headers)["webhook-id"]] += 1
        return Posted(happening=Answered(status=200))

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def limited(worlds: list[World]) -> Callable[..., tuple[World, Counting]]:
    """A world with one limited webhook, and its receiver."""

    def make(**limits: Any) -> tuple[World, Counting]:
        world = World(a_webhook(url="http://localhost/", **limits))
        receiver = Counting(world.clock)
        world.deliver.courier.close()
        courier = replace(world.deliver.courier, sender=receiver)
        world.deliver = replace(world.deliver, courier=courier)
        worlds.append(world)
        return world, receiver

    return make


@pytest.mark.parametrize(
    ("limit", "number"),
    [
        (RateLimit(count=3, per=Per.SECOND), 60),
        (RateLimit(count=10, per=Per.MINUTE), 400),
        (RateLimit(count=7, per=Per.HOUR), 50),
    ],
    ids=lambda each: getattr(each, "name", each),
)
def test_what_is_too_much_comes_later_and_no_window_gets_more(
    limited: Callable[..., tuple[World, Counting]], limit: RateLimit, number: int
) -> None:
    """By queue for a quarter of an hour, by the sweep beyond; each once, with its first attempt."""
    world, receiver = limited(rate_limit=limit)
    start = world.clock().timestamp()

    world.run(*messages(number), hours=24)

    windows = Counter(at * 1000 // limit.window_ms for at in receiver.at)
    assert max(windows.values()) <= limit.count
    assert receiver.ids.total() == len(receiver.ids) == number
    ended = world.deliveries.by_id.values()
    assert {(d.status, len(d.attempts), d.reason) for d in ended} == {(Status.DELIVERED, 1, None)}
    # Nor is the limit left unused: tickets go in order and without gaps.
    needed_s = number / limit.count * limit.window_ms / 1000
    assert receiver.at[-1] - start <= needed_s + 2 * limit.window_ms / 1000


def test_a_ticket_that_came_too_late_is_changed_for_another(
    limited: Callable[..., tuple[World, Counting]],
) -> None:
    """A sweep an hour late must not fire an hour's tickets in one second."""
    world, receiver = limited(rate_limit=RateLimit(count=2, per=Per.SECOND))
    world.deliver_now(*messages(10))
    world.clock.advance(3600)

    world.run(hours=1)

    assert max(Counter(int(at) for at in receiver.at).values()) <= 2
    assert receiver.ids.total() == len(receiver.ids) == 10


def test_a_second_hint_for_a_ticket_changes_nothing(
    limited: Callable[..., tuple[World, Counting]],
) -> None:
    """Queues deliver twice; each doubled hint would breed another."""
    world, _ = limited(rate_limit=RateLimit(count=1, per=Per.MINUTE))
    world.deliver_now(*messages(3))
    sent = len(world.queue.sent)

    world.deliver_now(*messages(3))

    assert len(world.queue.sent) == sent


@pytest.mark.parametrize("cap", [1, 3])
def test_no_more_than_the_cap_are_under_way_at_once(
    limited: Callable[..., tuple[World, Counting]], cap: int
) -> None:
    """A batch shares its permits, and gives them back."""
    world, receiver = limited(max_concurrency=cap)

    world.run(*messages(40))

    assert receiver.most == cap
    assert receiver.ids.total() == len(receiver.ids) == 40


def test_who_gets_no_permit_waits_and_keeps_its_attempts(
    limited: Callable[..., tuple[World, Counting]],
) -> None:
    """Another worker holds them all."""
    world, receiver = limited(max_concurrency=2)
    turns: Any = world.deliver.admit.turns  # type: ignore[attr-defined]
    turns.acquire("acme", "whk_1", owner="another worker", wanted=2, cap=2)

    world.deliver_now()

    assert receiver.at == []
    assert (world.record.reason, world.record.attempts) == ("concurrency", ())
    turns.release("acme", "whk_1", owner="another worker")
    world.run()
    assert world.record.status is Status.DELIVERED


@pytest.mark.parametrize(
    "limit", [RateLimit(count=1, per=Per.MINUTE), RateLimit(count=4, per=Per.HOUR)]
)
def test_an_open_breaker_closes_under_a_rate_limit_too(
    limited: Callable[..., tuple[World, Counting]], limit: RateLimit
) -> None:
    """A probe that a later ticket keeps back is none, and must not keep back who has a ticket."""
    world, receiver = limited(rate_limit=limit)
    receiver.failing = 10
    number = 60

    world.run(*messages(number), hours=48)

    windows = Counter(at * 1000 // limit.window_ms for at in receiver.at)
    assert max(windows.values()) <= limit.count
    ended = world.deliveries.by_id.values()
    assert {d.status for d in ended} == {Status.DELIVERED}
    needed_s = (number + 10) / limit.count * limit.window_ms / 1000
    assert receiver.at[-1] - receiver.at[0] <= 1.5 * needed_s + 3600


def test_who_may_not_go_does_not_use_up_the_probe(
    limited: Callable[..., tuple[World, Counting]],
) -> None:
    """Neither for want of a permit nor of a ticket: the next that has both is the probe."""
    world, receiver = limited(max_concurrency=1, rate_limit=RateLimit(count=11, per=Per.MINUTE))
    receiver.failing = 10
    for each in messages(10):
        world.deliver_now(each)
    *_, ready, late, last = messages(13)
    turns: Any = world.deliver.admit.turns  # type: ignore[attr-defined]
    world.clock.advance(60)
    turns.acquire("acme", "whk_1", owner="another worker", wanted=1, cap=1)
    world.deliver_now(ready)
    turns.release("acme", "whk_1", owner="another worker")
    turns.take("acme", "whk_1", world.webhooks.by_id["whk_1"].rate_limit, count=11)

    world.deliver_now(late)
    held = world.deliveries.by_id[late.delivery_id]
    world.clock.advance(60)
    world.deliver_now(replace(late, body=None), last)

    assert held.reason == "rate_limited"
    assert list(receiver.ids) == [late.delivery_id]
    assert world.deliveries.by_id[ready.delivery_id].reason == "concurrency"
