"""Tending functions, whatever the runs come to, and wherever workers are killed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runtime.core.events.envelope import Event
from runtime.core.functions.canary import Counts
from runtime.core.functions.error_groups import ErrorGroup
from runtime.core.functions.health import Ended, Health
from runtime.core.functions.run import Outcome
from runtime.core.ids import Key
from runtime.usecases.functions.tend_functions import TendFunctions
from tests.builders import TENANT, a_canary, a_function, a_run, an_event
from tests.doubles import FakeClock, Journal
from tests.machines.playing import play
from tests.tending import Killed

HOUR_S = 3600
DAY_S = 24 * HOUR_S
WAITS_S = (1, 9, 10, 60, HOUR_S - 1, HOUR_S, DAY_S)
OUTCOMES = st.sampled_from([Outcome.RAISED, Outcome.RETURNED, Outcome.SKIPPED])
BATCHES = st.lists(OUTCOMES, min_size=1, max_size=6) | st.lists(
    st.just(Outcome.RAISED), min_size=5, max_size=12
)
# How many steps a worker makes before it is killed. After the first a notice is stored and unsent.
STEPS = st.sampled_from([0, 1, 1, 2, 3, 99, 99])
MIN_RUNS = 5

Told = tuple[str, str, Any]  # a notice: its topic, its time, and `after_s` or the canary's id


class Store:
    """Everything that survives a worker, and the steps that it is granted."""

    def __init__(self) -> None:
        self.health = Health(tenant=TENANT, function="vip-orders")
        self.function = a_function(latest_version=2)
        self.counts: dict[str, Counts] = {}
        self.sent: list[Event] = []
        self.steps_left = 0

    def step(self) -> None:
        """Make a step, or be killed before it."""
        if not self.steps_left:
            raise Killed
        self.steps_left -= 1

    def known(self, of: Iterable[Key], /) -> dict[Key, Health]:
        """As it stands."""
        return dict.fromkeys(of, self.health)

    def find(self, *_: str) -> Health:
        """As it stands."""
        return self.health

    def replace(self, old: Health, new: Health, /) -> Health | None:
        """Store it, because nobody else writes here."""
        assert old == self.health
        self.step()
        self.health = replace(new, revision=old.revision + 1)
        return self.health

    def due(self, **_: int) -> list[Health]:
        """The one, while it has notices."""
        return [self.health] if self.health.notices else []

    def add(self, _tenant: str, canary_id: str, gain: Counts) -> Counts:
        """Count."""
        before = self.counts.get(canary_id, Counts())
        self.counts[canary_id] = Counts(
            live_runs=before.live_runs + gain.live_runs,
            live_failures=before.live_failures + gain.live_failures,
            canary_runs=before.canary_runs + gain.canary_runs,
            canary_failures=before.canary_failures + gain.canary_failures,
        )
        return self.counts[canary_id]

    def end(self, *_: str, canary_id: str, **__: str) -> bool:
        """End the canary, once; nobody else ends it."""
        self.step()
        if self.function.canary is not None and self.function.canary.id == canary_id:
            self.function = replace(self.function, canary=None)
        return True

    def put(self, events: Iterable[Event]) -> None:
        """Send events."""
        self.step()
        self.sent += events


class NoGroups:
    """Error groups are not what this machine is about."""

    def open(self, *_: Any) -> frozenset[str]:
        """Open none."""
        return frozenset()

    def add(self, _: ErrorGroup) -> None:
        """Add nothing."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a reader of the documentation expects of a function."""

    failures: int = 0  # in a row
    since_s: float | None = None
    counted_s: float = 0.0  # when they were written last
    stage: int = 0  # how far the notices of this row have come

    def after(self, batch: list[Outcome], *, now_s: float) -> "Expected":
        """Behind a batch; one run that did well is enough for it."""
        ran = [outcome for outcome in batch if outcome is not Outcome.SKIPPED]
        if not ran:
            return self
        if Outcome.RETURNED in ran:
            return Expected()
        since_s = now_s if self.since_s is None else self.since_s
        failures = self.failures + len(ran)
        lasted_s = now_s - since_s
        hours = (lasted_s >= HOUR_S) + (lasted_s >= DAY_S)
        stage = max(self.stage, hours + 1 if hours else int(failures >= 10))
        if stage == self.stage and self.failures >= 10 and now_s - self.counted_s < 10:
            return self
        return Expected(failures=failures, since_s=since_s, counted_s=now_s, stage=stage)


class FailingFunction(RuleBasedStateMachine):
    """A function whose runs end, whose workers die, and which is on trial now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        self.clock = FakeClock()
        self.expected = Expected()
        self.told: list[Told] = []
        self.canaries = 0
        self.tend = TendFunctions(
            healths=self.store,
            counts=self.store,
            groups=NoGroups(),
            end_canary=self.store.end,
            bus=self.store,
            clock=self.clock,
            journal=Journal(),
        )

    @rule(wait_s=st.sampled_from(WAITS_S))
    def time_passes(self, wait_s: int) -> None:
        """To the second."""
        self.clock.advance(wait_s)

    @precondition(lambda self: self.store.function.canary is None)
    @rule()
    def a_canary_begins(self) -> None:
        """Each with an id of its own."""
        self.canaries += 1
        trial = a_canary(id=f"can_{self.canaries}", margin_points=0, min_runs=MIN_RUNS)
        self.store.function = replace(self.store.function, canary=trial)

    @rule(batch=BATCHES, steps=STEPS)
    def a_batch_ends(self, batch: list[Outcome], steps: int) -> None:
        """The worker may be killed before any of its writes."""
        self._tend([a_run(outcome=outcome) for outcome in batch], batch, steps)

    @precondition(lambda self: self.store.function.canary is not None)
    @rule(failures=st.integers(1, 4), steps=STEPS)
    def the_canary_fails(self, failures: int, steps: int) -> None:
        """Beside a live run that did well, so the function itself is well."""
        trial = self.store.function.canary
        assert trial is not None
        run = a_run(outcome=Outcome.RAISED, version=2, canary_id=trial.id)
        batch = [Outcome.RETURNED] + [Outcome.RAISED] * failures
        self._tend([a_run(), *[run] * failures], batch, steps)

    @rule(steps=STEPS)
    def the_sweep_comes(self, steps: int) -> None:
        """And is killed like everybody."""
        self._do(steps, self.tend.sweep)

    @invariant()
    def the_record_is_what_the_runs_say(self) -> None:
        """Whoever was killed."""
        assert self.expected.failures == self.store.health.failures
        assert (self.expected.stage > 0) == self.store.health.failing

    @invariant()
    def nothing_is_told_that_did_not_happen_and_nothing_twice(self) -> None:
        """Twice under one id is once: the matcher makes the same deliveries."""
        sent = {event.id: event for event in self.store.sent}
        assert {_told(event) for event in sent.values()} <= set(self.told)
        assert len({_told(event) for event in sent.values()}) == len(sent)

    @invariant()
    def a_canary_is_told_of_only_once_it_has_ended(self) -> None:
        """Otherwise somebody who looks would see it on trial."""
        trial = self.store.function.canary
        assert trial is None or trial.id not in {_told(event)[2] for event in self.store.sent}

    def teardown(self) -> None:
        """A last sweep that lives: all that happened is told, and no failed canary goes on."""
        self._do(99, self.tend.sweep)
        assert {_told(event) for event in self.store.sent} == set(self.told)
        assert self.store.health.notices == ()

    def _tend(self, runs: list[Any], batch: list[Outcome], steps: int) -> None:
        before = self.store.health
        ended = [Ended(run=run, event=an_event()) for run in runs]
        self._do(steps, lambda: self.tend(self.store.function, ended))
        if self.store.health.revision > before.revision:
            self._expect(before, batch)
        elif steps:  # nobody was killed before the write, so there was nothing to write
            assert self.expected == self.expected.after(batch, now_s=self._now_s())

    def _expect(self, before: Health, batch: list[Outcome]) -> None:
        was, at = self.expected, self.clock().isoformat(timespec="milliseconds")[:23] + "Z"
        self.expected = was.after(batch, now_s=self._now_s())
        if was.stage and not self.expected.stage:
            self.told.append(("function.recovered", at, None))
        elif self.expected.stage > was.stage:
            after_s = (None, HOUR_S, DAY_S)[self.expected.stage - 1]
            self.told.append(("function.failing", at, after_s))
        ended_id = self.store.health.canary_ended
        if ended_id is not None and ended_id != before.canary_ended:
            counts = self.store.counts[ended_id]
            assert counts.canary_runs >= MIN_RUNS
            self.told.append(("function.canary_failed", at, ended_id))

    def _do(self, steps: int, do: Callable[[], object]) -> None:
        self.store.steps_left = steps
        try:
            do()
        except Killed:
            assert not self.store.steps_left

    def _now_s(self) -> float:
        return self.clock().timestamp()


def _told(event: Event) -> Told:
    about = event.properties.get("canary_id", event.properties.get("after_s"))
    return event.topic, event.occurred_at, about


def test_a_functions_notices_are_what_its_runs_say() -> None:
    """Each told once, none lost, and a canary that failed has ended, wherever workers die."""
    play(FailingFunction, histories=150, steps=50)
