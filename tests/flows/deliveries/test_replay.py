"""Sending again, on real tables: all that was asked for, once, whatever is killed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from runtime.core import ids
from runtime.core.deliveries.delivery import Delivery, Selection, Status
from runtime.core.deliveries.replay import MISSED, DeliveryReplay
from runtime.core.replays.replay import Kind, Replay, ReplayState, Subject
from runtime.errors import Transient
from runtime.stores.replays.replays import Replays
from runtime.usecases.deliveries.replay_page import ReplayPage
from runtime.usecases.jobs.work_off import WorkOff
from runtime.usecases.replays.cancel_replay import CancelReplay
from tests import cloud as clouds
from tests.builders import NOW, NOW_MS, TENANT, a_delivery, an_attempt
from tests.cloud import Cloud
from tests.doubles import FakeClock
from tests.run_doubles import rerun_nothing
from tests.virtual_queue import VirtualQueue

if TYPE_CHECKING:
    from runtime.core.deliveries.messages import DeliverMessage

SUBJECT = Subject(Kind.DELIVERIES, "whk_1")
LATER = "2026-11-20T14:00:00.000Z"


class KilledError(Exception):
    """The process has ended here."""


class Mortal:
    """A thing whose calls count down a shared life; at its end the caller dies, done or not."""

    def __init__(self, thing: Any, life: list[int], *, after: bool) -> None:
        self._thing, self._life, self._after = thing, life, after

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The same call, perhaps the last."""
        call = getattr(self._thing, name)

        def mortal(*args: Any, **kwargs: Any) -> Any:
            self._life[0] -= 1
            if self._life[0] == 0 and not self._after:
                raise KilledError
            result = call(*args, **kwargs)
            if self._life[0] == 0:
                raise KilledError
            return result

        return mortal


class Bench:
    """The tables, a queue and a clock."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.clock = FakeClock(LATER)
        self.queue: VirtualQueue[DeliverMessage] = VirtualQueue(self.clock)
        self.replays = Replays(table=cloud.deliveries.table, retention_days=30)

    def work(self, life: int = 0, *, after: bool = False) -> int:
        """One sweep; with a life, one that dies."""
        left = [life]

        def mortal(thing: Any) -> Any:
            return Mortal(thing, left, after=after)

        return self.worker(
            deliveries=mortal(self.cloud.deliveries),
            replays=mortal(self.replays),
            hints=mortal(self.queue),
        )()

    def worker(self, *, deliveries: Any, replays: Any, hints: Any) -> WorkOff[Any]:
        """A sweep on these stores and this queue."""
        page = ReplayPage(
            deliveries=deliveries, hints=hints, rerun_transforms=rerun_nothing, clock=self.clock
        )
        return WorkOff(budget_s=20, store=replays, steps={Kind.DELIVERIES: page}, clock=self.clock)

    def start(self, **changes: Any) -> Replay:
        """A replay of everything missed."""
        job = DeliveryReplay(
            id="rpl_1",
            tenant=TENANT,
            webhook_id="whk_1",
            statuses=MISSED,
            created_at=NOW,
            until=LATER,
            due_at_ms=NOW_MS,
        )
        self.replays.add(replace(job, **changes))
        return self.job()

    def job(self) -> Replay:
        """How it stands."""
        return self.replays.get(TENANT, SUBJECT, "rpl_1")

    def fill(self, count: int, **changes: Any) -> list[Delivery]:
        """Deliveries of that webhook that are dead, unless said otherwise."""
        made = []
        for n in range(count):
            event_id = f"evt_{changes.get('status', 'dead')}_{n}"
            delivery = a_delivery(
                id=ids.delivery_id(TENANT, event_id, "whk_1"),
                event_id=event_id,
                **{"status": Status.DEAD, "reason": "attempts_exhausted", "due_at_ms": None}
                | changes,
            )
            self.cloud.deliveries.add(delivery)
            made.append(delivery)
        return made

    def now(self, delivery: Delivery) -> Delivery:
        """The delivery as it stands."""
        found = self.cloud.deliveries.find(delivery.id)
        assert found is not None
        return found


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Fresh tables."""
    with clouds.in_process() as cloud:
        yield Bench(cloud)


def test_everything_missed_is_sent_again_under_its_own_id(bench: Bench) -> None:
    """And what has arrived is not, nor what is under way."""
    dead, skipped = bench.fill(150), bench.fill(60, status=Status.SKIPPED, attempts=())
    others = bench.fill(30, status=Status.DELIVERED) + bench.fill(10, status=Status.PENDING)
    bench.start()

    assert bench.work() == 210

    job = bench.job()
    assert (job.state, job.replayed, job.passed_over) == (ReplayState.DONE, 210, 0)
    assert job.finished_at == LATER
    for delivery in dead + skipped:
        found = bench.now(delivery)
        assert (found.status, found.reason, found.replay_id) == (Status.PENDING, None, "rpl_1")
        assert found.attempts == delivery.attempts
        assert found.next_in_round == 1
    assert [bench.now(each) for each in others] == others
    hinted = {(message.delivery_id, message.attempt) for message, _ in bench.queue.sent}
    assert hinted == {(d.id, d.next_attempt) for d in dead + skipped}
    assert bench.work() == 0


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("life", range(1, 18))
def test_killed_at_any_step_it_goes_on_and_sends_each_once(
    bench: Bench, life: int, *, after: bool
) -> None:
    """Before each call to the world and behind it; the counts are right all the same."""
    dead = bench.fill(5)
    bench.start()

    try:
        bench.work(life, after=after)
    except KilledError:
        bench.clock.advance(121)
        bench.work()

    job = bench.job()
    assert (job.state, job.replayed, job.passed_over) == (ReplayState.DONE, 5, 0)
    assert all(bench.now(each).replay_id == "rpl_1" for each in dead)
    assert all(bench.now(each).due_at_ms is not None for each in dead)


def test_a_page_done_twice_does_not_hurry_what_waits_for_its_schedule(bench: Bench) -> None:
    """A delivery that was sent again and failed has its next attempt in an hour, not now."""
    [waiting] = bench.fill(
        1,
        status=Status.PENDING,
        reason=None,
        due_at_ms=NOW_MS + 3_600_000,
        attempts=tuple(an_attempt(number=n, status=500) for n in (1, 2)),
        replayed_after=1,
        replay_id="rpl_1",
    )
    bench.start()

    assert bench.work() == 1

    assert (bench.job().replayed, bench.now(waiting)) == (1, waiting)
    assert not bench.queue.sent


def test_what_does_not_fit_is_left(bench: Bench) -> None:
    """By time, topic and status."""
    early = bench.fill(1, created_at="2026-11-19T00:00:00.000Z")
    (other,) = bench.fill(1, topic="metric.other", status=Status.SKIPPED)
    bench.start(since=NOW, topic="message.email.clicked", statuses=(Status.SKIPPED, Status.DEAD))

    assert bench.work() == 0

    assert bench.job().state is ReplayState.DONE
    assert [bench.now(*early), bench.now(other)] == [*early, other]


def test_what_cannot_be_sent_again_is_counted(bench: Bench) -> None:
    """Without a body there is nothing to sign; after a hundred attempts it is enough."""
    bench.fill(1, body="")
    tired = tuple(an_attempt(number=n, status=500) for n in range(1, 101))
    bench.fill(1, status=Status.SKIPPED, attempts=tired)
    bench.start()

    assert bench.work() == 0
    assert bench.job().passed_over == 2


def test_another_webhook_gets_them_once(bench: Bench) -> None:
    """Under the id that the event would have had there; the originals stay as they are."""
    dead = bench.fill(3)
    there = replace(
        dead[0], id=ids.delivery_id(TENANT, dead[0].event_id, "whk_2"), webhook_id="whk_2"
    )
    bench.cloud.deliveries.add(there)
    bench.start(to="whk_2")

    assert bench.work() == 2

    assert [bench.now(each) for each in dead] == dead
    assert bench.job().passed_over == 1
    for delivery in dead[1:]:
        copied = bench.now(
            replace(delivery, id=ids.delivery_id(TENANT, delivery.event_id, "whk_2"))
        )
        assert (copied.webhook_id, copied.body) == ("whk_2", delivery.body)
        assert (copied.status, copied.attempts) == (Status.PENDING, ())
    copies = bench.cloud.deliveries.list(TENANT, Selection(webhook_id="whk_2"))
    assert {each.event_id for each in copies.items} == {each.event_id for each in dead}


def test_a_cancelled_replay_stops_where_it_is(bench: Bench) -> None:
    """Even when the index still shows it as running."""
    dead = bench.fill(2)
    job = bench.start()
    stale = Replays(table=bench.replays.table, retention_days=30)
    cancelled = replace(job, state=ReplayState.CANCELLED, due_at_ms=None)
    assert stale.replace(job, cancelled) is not None

    assert bench.work() == 0
    assert bench.replays.replace(job, job) is None
    assert [bench.now(each) for each in dead] == dead


def test_a_replay_can_be_cancelled_while_it_is_worked_on(bench: Bench) -> None:
    """Who sees that it goes wrong must not have to hit the moment between two pages."""
    bench.fill(250)
    bench.start()

    class Busy:
        """Moves on whenever somebody has looked."""

        def __init__(self, looks: int) -> None:
            self.looks = looks

        def get(self, *key: Any) -> Replay:
            found = bench.replays.get(*key)
            if self.looks:
                self.looks -= 1
                assert bench.replays.replace(found, replace(found, replayed=100)) is not None
            return found

        def __getattr__(self, name: str) -> Any:
            return getattr(bench.replays, name)

    cancelled = CancelReplay(replays=Busy(3), clock=bench.clock)(TENANT, SUBJECT, "rpl_1")

    assert (cancelled.state, cancelled.replayed) == (ReplayState.CANCELLED, 100)
    assert bench.work() == 0


def test_trouble_with_one_job_does_not_stop_the_others(bench: Bench) -> None:
    """And is told."""
    bench.fill(1)
    bench.start()
    bench.start(id="rpl_2", statuses=(Status.DELIVERED,))

    class Away:
        def send(self, _messages: object, *, delay_s: int = 0) -> None:
            assert delay_s == 0
            raise Transient("SQS is away")

    work = bench.worker(deliveries=bench.cloud.deliveries, replays=bench.replays, hints=Away())
    with pytest.raises(Transient):
        work()

    assert bench.job().state is ReplayState.RUNNING
    assert bench.replays.get(TENANT, SUBJECT, "rpl_2").state is ReplayState.DONE


def test_a_long_replay_does_not_keep_a_short_one_waiting(bench: Bench) -> None:
    """A sweep has twenty seconds for all jobs, and a job may have a million deliveries."""
    bench.fill(900)
    bench.start()
    bench.fill(1, status=Status.SKIPPED, webhook_id="whk_2", attempts=())
    bench.start(id="rpl_2", webhook_id="whk_2")

    class Slow:
        """Takes six seconds for a page."""

        def send(self, _messages: object, *, delay_s: int = 0) -> None:
            assert delay_s == 0
            bench.clock.advance(6)

    bench.worker(deliveries=bench.cloud.deliveries, replays=bench.replays, hints=Slow())()

    short = bench.replays.get(TENANT, Subject(Kind.DELIVERIES, "whk_2"), "rpl_2")
    assert (short.state, short.replayed) == (ReplayState.DONE, 1)
    assert bench.job().state is ReplayState.RUNNING
