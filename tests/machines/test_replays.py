"""Replays: started, worked off in pages, killed between any two steps, overtaken and cancelled."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.replays.replay import Kind, Replay, ReplayState, Subject
from runtime.stores.deliveries.deliveries import Deliveries
from runtime.stores.replays.replays import Replays
from runtime.usecases.deliveries.replay_page import ReplayPage
from runtime.usecases.deliveries.start_replay import StartReplay, WantedReplay
from runtime.usecases.jobs.work_off import WorkOff
from runtime.usecases.replays.cancel_replay import CancelReplay
from tests.builders import TENANT, a_delivery, a_webhook, an_attempt
from tests.cloud import RETENTION_DAYS, Cloud
from tests.doubles import FakeClock, MemoryWebhooks
from tests.machines.playing import StoreMachine, play
from tests.machines.steps import KilledError, Steps, Watched, die
from tests.run_doubles import rerun_nothing
from tests.virtual_queue import VirtualQueue

if TYPE_CHECKING:
    from runtime.core.deliveries.messages import DeliverMessage

PAGE = 2  # so that a few deliveries make several pages
LEASE_S = 121  # a little more than a sweep has a job for
WEBHOOK = "whk_1"
SUBJECT = Subject(Kind.DELIVERIES, WEBHOOK)
BEFORE = st.lists(
    st.sampled_from([*[Status.DEAD, Status.SKIPPED] * 2, Status.DELIVERED, Status.PENDING]),
    min_size=2,
    max_size=6,
)
MISSED = {Status.DEAD, Status.SKIPPED}
ENDS = st.sampled_from([Status.DELIVERED, Status.DEAD, Status.SKIPPED])
STEPS = st.integers(1, 12)  # a page has about five


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """The store of deliveries; counts the rounds that a job begins."""

    deliveries: Deliveries
    begun: Counter[str]  # by delivery

    def __getattr__(self, name: str) -> Any:
        """The store's."""
        return getattr(self.deliveries, name)

    def replace(self, old: Delivery, new: Delivery, /) -> bool:
        """The store's."""
        won = self.deliveries.replace(old, new)
        self.begun.update([new.id] * won)
        return won


class Job(StoreMachine):
    """One replay of one webhook's deliveries, and all the sweeps that work on it."""

    def __init__(self, account: Cloud) -> None:
        super().__init__(account)
        self.clock = FakeClock("2026-11-20T14:00:00.000Z")
        self.deliveries = self.cloud.deliveries
        self.replays = Replays(table=self.deliveries.table, retention_days=RETENTION_DAYS)
        self.queue: VirtualQueue[DeliverMessage] = VirtualQueue(self.clock)
        self.starting = StartReplay(
            replays=self.replays,
            webhooks=MemoryWebhooks(a_webhook()),
            new_id=lambda kind: f"{kind}_1",
            clock=self.clock,
        )
        self.cancel = CancelReplay(replays=self.replays, clock=self.clock)
        self.started = False
        self.missed: set[str] = set()
        self.ended: Replay | None = None  # the job as it was when it had ended
        self.sent: Counter[str] = Counter()  # how often the job has begun a round, by delivery

    @initialize(statuses=BEFORE)
    def it_is_started(self, statuses: list[Status]) -> None:
        """With what has become of the deliveries until then."""
        for number, status in enumerate(statuses):
            delivery = a_delivery(
                id=f"dlv_{number}",
                event_id=f"evt_{number}",
                status=status,
                due_at_ms=None if status is not Status.PENDING else 1,
                attempts=() if status is Status.SKIPPED else (an_attempt(),),
            )
            self.deliveries.add(delivery)
            self.missed |= {delivery.id} if status in MISSED else set()
        self.started = True
        self.starting(TENANT, WEBHOOK, wanted=WantedReplay())
        self.clock.advance(10)  # until what was created at that moment is in the index

    # Else most histories would be over before anybody is killed.
    @precondition(lambda self: self.sent or self.ended is not None)
    @rule()
    def a_sweep_works(self) -> None:
        """To the end, if nobody else is at it."""
        before, ended = Counter(self.sent), self.ended
        self.sweep(Steps())
        assert ended is None or before == self.sent

    @rule(step=STEPS, done=st.booleans())
    def a_sweep_is_killed(self, step: int, *, done: bool) -> None:
        """Before a step, or behind it, when nobody has heard that it is done."""
        try:
            self.sweep(Steps(left=step, after=die) if done else Steps(left=step, before=die))
        except KilledError:
            return

    @rule(step=STEPS)
    def a_sweep_is_overtaken(self, step: int) -> None:
        """It was slow, its lease is over, and another one works off the rest of the job."""
        # What was sent again does not end meanwhile: a sweep is killed after half its lease, so
        # none is slow for as long as a delivery needs to come back in the state that it had.
        self.sweep(Steps(left=step, before=self.another_takes_over))

    @rule(step=STEPS)
    def it_is_cancelled_in_the_middle(self, step: int) -> None:
        """The page at work may still be sent; the next one is not."""
        self.sweep(Steps(left=step, before=self.it_is_cancelled))

    @precondition(lambda self: self.sent)
    @rule()
    def it_is_cancelled(self) -> None:
        """What has ended stays as it has ended."""
        job = self.cancel(TENANT, SUBJECT, "rpl_1")
        assert job.state is not ReplayState.RUNNING
        self.ended = self.ended or job
        assert job == self.ended

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), status=ENDS)
    def one_ends_that_was_sent_again(self, data: st.DataObject, status: Status) -> None:
        """Delivered, dead, or skipped without an attempt: this job does not send it once more."""
        old = self.find(data.draw(st.sampled_from(sorted(self.sent))))
        if old.status is not Status.PENDING:
            return
        attempts = () if status is Status.SKIPPED else (an_attempt(),)
        new = replace(old, status=status, due_at_ms=None, attempts=(*old.attempts, *attempts))
        assert self.deliveries.replace(old, new)

    @rule(wait_s=st.sampled_from([1, LEASE_S]))
    def time_passes(self, wait_s: int) -> None:
        """A killed sweep is made up for when its lease is over."""
        self.clock.advance(wait_s)

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        """A receiver may see an id again; this job gives it no third time."""
        assert max(self.sent.values(), default=0) <= 1
        assert set(self.sent) <= self.missed

    @invariant()
    def what_has_ended_has_ended(self) -> None:
        """Neither a late sweep nor a cancellation moves it on."""
        if self.started:
            job = self.job()
            assert (job.state is ReplayState.RUNNING) == (job.finished_at is None)
            assert (job.state is ReplayState.RUNNING) == (job.due_at_ms is not None)
            if job.state is not ReplayState.RUNNING:
                self.ended = self.ended or job
            assert self.ended in (None, job)

    def teardown(self) -> None:
        """Let it come to its end, whatever has happened to it."""
        if self.started:
            for _ in range(2):
                self.clock.advance(LEASE_S)
                self.a_sweep_works()
            self.is_complete(self.job())
        super().teardown()

    def is_complete(self, job: Replay) -> None:
        """Everything that was missed is sent again, counted, and known to the queue."""
        assert job.state is not ReplayState.RUNNING
        if job.state is ReplayState.CANCELLED:
            assert job.replayed <= len(self.sent)
            return
        assert self.missed == set(self.sent)
        assert (len(self.missed), 0) == (job.replayed, job.passed_over)
        hinted = {message.delivery_id for message, _ in self.queue.sent}
        ended = {each for each in self.sent if self.find(each).status is not Status.PENDING}
        assert self.missed <= hinted | ended

    def sweep(self, steps: Steps) -> None:
        """One sweep, whose steps are those of its stores and its queue."""
        WorkOff(
            budget_s=20,
            store=Watched(thing=self.replays, steps=steps),
            steps={
                Kind.DELIVERIES: ReplayPage(
                    deliveries=Watched(
                        thing=Rounds(deliveries=self.deliveries, begun=self.sent), steps=steps
                    ),
                    hints=Watched(thing=self.queue, steps=steps),
                    rerun_transforms=rerun_nothing,
                    clock=self.clock,
                    size=PAGE,
                )
            },
            clock=self.clock,
        )()

    def another_takes_over(self) -> None:
        """The lease of the one at work is over."""
        self.clock.advance(LEASE_S)
        self.sweep(Steps())

    def find(self, delivery_id: str) -> Delivery:
        """A delivery as it stands."""
        delivery = self.deliveries.find(delivery_id)
        assert delivery is not None
        return delivery

    def job(self) -> Replay:
        """The job as it stands."""
        return self.replays.get(TENANT, SUBJECT, "rpl_1")


def test_a_replay_sends_all_that_was_missed_once_or_has_been_cancelled(
    account: Cloud,
) -> None:
    """Killed at any step, overtaken at any step, and whatever becomes of what it has sent."""
    play(lambda: Job(account), histories=60, steps=12)
