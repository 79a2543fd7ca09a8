"""Replays of runs: worked off in pages, killed between any two steps, overtaken and cancelled."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from runtime.core import ids
from runtime.core.functions.replay import RunReplay
from runtime.core.functions.run import Commit, Outcome, Run
from runtime.core.replays.replay import Kind, ReplayState, Subject
from runtime.core.timestamps import timestamp
from runtime.stores.functions.runs import Runs
from runtime.stores.replays.replays import Replays
from runtime.usecases.functions.replay_page import ReplayRunsPage
from runtime.usecases.functions.run_again import RunAgain
from runtime.usecases.functions.start_replay import StartRunReplay, WantedRunReplay
from runtime.usecases.jobs.work_off import WorkOff
from runtime.usecases.replays.cancel_replay import CancelReplay
from tests.builders import TENANT, a_function, a_run, an_event
from tests.cloud import RETENTION_DAYS, Cloud
from tests.doubles import FakeClock
from tests.machines.playing import StoreMachine, play
from tests.machines.steps import KilledError, Steps, Watched, die
from tests.run_doubles import MemoryEvents, MemoryFunctions
from tests.virtual_queue import VirtualQueue

if TYPE_CHECKING:
    from runtime.core.functions.messages import RunMessage

PAGE = 2  # so that a few runs make several pages
LEASE_S = 121  # a little more than a sweep has a job for
FUNCTION = "vip-orders"
SUBJECT = Subject(Kind.RUNS, FUNCTION)
BEFORE = st.lists(
    st.sampled_from([*[Outcome.RAISED, Outcome.TIMED_OUT] * 2, Outcome.RETURNED]),
    min_size=2,
    max_size=6,
)
ENDS = st.sampled_from([Outcome.RETURNED, Outcome.RAISED])
STEPS = st.integers(1, 16)  # a page has about seven


@dataclass(frozen=True, kw_only=True)
class Begins:
    """The store of runs; counts the runs that the job begins."""

    runs: Runs
    begun: Counter[str]  # by run

    def __getattr__(self, name: str) -> Any:
        """The store's."""
        return getattr(self.runs, name)

    def begin_again(self, old: Run, new: Run, /) -> bool:
        """The store's."""
        won = self.runs.begin_again(old, new)
        self.begun.update([new.id] * won)
        return won


class Job(StoreMachine):
    """One replay of one function's runs, and all the sweeps that work on it."""

    def __init__(self, account: Cloud) -> None:
        super().__init__(account)
        self.clock = FakeClock("2026-11-20T14:00:00.000Z")
        self.runs, self.events = self.cloud.runs, MemoryEvents()
        self.replays = Replays(table=self.cloud.deliveries.table, retention_days=RETENTION_DAYS)
        self.queue: VirtualQueue[RunMessage] = VirtualQueue(self.clock)
        self.functions = MemoryFunctions(a_function())
        self.cancel = CancelReplay(replays=self.replays, clock=self.clock)
        self.started = False
        self.failed: set[str] = set()
        self.ended: RunReplay | None = None  # the job as it was when it had ended
        self.begun: Counter[str] = Counter()  # how often the job has begun a run

    @initialize(outcomes=BEFORE)
    def it_is_started(self, outcomes: list[Outcome]) -> None:
        """With how the runs have ended until then."""
        for number, outcome in enumerate(outcomes):
            event = an_event(id=f"evt_{number}")
            self.events.put([event])
            run = a_run(
                id=ids.run_id(TENANT, event.id, FUNCTION), event_id=event.id, outcome=outcome
            )
            assert self.runs.commit(run) is Commit.DONE
            self.failed |= {run.id} if outcome.failed else set()
        start = StartRunReplay(
            replays=self.replays,
            functions=self.functions,
            new_id=lambda kind: f"{kind}_1",
            clock=self.clock,
        )
        start(TENANT, FUNCTION, wanted=WantedRunReplay())
        self.started = True
        self.clock.advance(10)  # until what was created at that moment is in the index

    # Else most histories would be over before anybody is killed.
    @precondition(lambda self: self.begun or self.ended is not None)
    @rule()
    def a_sweep_works(self) -> None:
        """To the end, if nobody else is at it."""
        before, ended = Counter(self.begun), self.ended
        self.sweep(Steps())
        assert ended is None or before == self.begun

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
        self.sweep(Steps(left=step, before=self.another_takes_over))

    @rule(step=STEPS)
    def it_is_cancelled_in_the_middle(self, step: int) -> None:
        """The page at work may still be begun; the next one is not."""
        self.sweep(Steps(left=step, before=self.it_is_cancelled))

    @precondition(lambda self: self.begun)
    @rule()
    def it_is_cancelled(self) -> None:
        """What has ended stays as it has ended."""
        self.cancel(TENANT, SUBJECT, "rpl_1")
        job = self.job()
        assert job.state is not ReplayState.RUNNING
        self.ended = self.ended or job
        assert job == self.ended

    @precondition(lambda self: self.begun)
    @rule(data=st.data(), outcome=ENDS)
    def one_is_made_that_was_begun(self, data: st.DataObject, outcome: Outcome) -> None:
        """It leaves its place in the list, and this job does not begin it once more."""
        old = self.find(data.draw(st.sampled_from(sorted(self.begun))))
        if old.due_at_ms is None:
            return
        made = replace(
            old,
            attempt=old.attempt + 1,
            outcome=outcome,
            created_at=timestamp(self.clock()),
            due_at_ms=None,
            event=None,
        )
        assert self.runs.commit(made) is Commit.DONE

    @rule(wait_s=st.sampled_from([1, LEASE_S]))
    def time_passes(self, wait_s: int) -> None:
        """A killed sweep is made up for when its lease is over."""
        self.clock.advance(wait_s)

    @invariant()
    def nothing_is_begun_twice(self) -> None:
        """A run that fails again has had its chance in this job."""
        assert max(self.begun.values(), default=0) <= 1
        assert set(self.begun) <= self.failed

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

    def is_complete(self, job: RunReplay) -> None:
        """Everything that failed is begun again, counted, and known to the queue or made."""
        assert job.state is not ReplayState.RUNNING
        if job.state is ReplayState.CANCELLED:
            assert job.replayed <= len(self.begun)
            return
        assert self.failed == set(self.begun)
        assert (len(self.failed), 0) == (job.replayed, job.passed_over)
        hinted = {message.run_id for message, _ in self.queue.sent}
        made = {each for each in self.begun if self.find(each).due_at_ms is None}
        assert self.failed <= hinted | made

    def sweep(self, steps: Steps) -> None:
        """One sweep, whose steps are those of its stores and its queue."""
        runs = Watched(thing=Begins(runs=self.runs, begun=self.begun), steps=steps)
        hints = Watched(thing=self.queue, steps=steps)
        page = ReplayRunsPage(
            runs=runs,
            functions=self.functions,
            run_again=RunAgain(runs=runs, events=self.events, hints=hints, clock=self.clock),
            clock=self.clock,
            size=PAGE,
        )
        WorkOff(
            budget_s=20,
            store=Watched(thing=self.replays, steps=steps),
            steps={Kind.RUNS: page},
            clock=self.clock,
        )()

    def another_takes_over(self) -> None:
        """The lease of the one at work is over."""
        self.clock.advance(LEASE_S)
        self.sweep(Steps())

    def find(self, run_id: str) -> Run:
        """A run as it stands."""
        run = self.runs.find(run_id)
        assert run is not None
        return run

    def job(self) -> RunReplay:
        """The job as it stands."""
        job = self.replays.get(TENANT, SUBJECT, "rpl_1")
        assert isinstance(job, RunReplay)
        return job


def test_a_replay_begins_all_that_failed_once_or_has_been_cancelled(account: Cloud) -> None:
    """Killed at any step, overtaken at any step, and whatever becomes of what it has begun."""
    play(lambda: Job(account), histories=60, steps=12)
