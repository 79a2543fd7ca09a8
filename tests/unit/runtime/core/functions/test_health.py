"""A function that fails: when it is told, what is written, and why notices go in no circle."""

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.events.envelope import MAX_HOPS
from runtime.core.functions import health
from runtime.core.functions.canary import CanaryFailure, Counts
from runtime.core.functions.health import Ended, Health, NoticeKind
from runtime.core.functions.run import Outcome
from tests.builders import NOW_MS, TENANT, a_run, an_event

WELL = Health(tenant=TENANT, function="vip-orders")
HOUR_MS = 3_600_000
A_FAILED_CANARY = CanaryFailure(
    canary_id="can_1",
    version=2,
    live_version=1,
    counts=Counts(live_runs=90, canary_runs=10, canary_failures=9),
    reason="9 of 10 runs failed",
)


def ended(outcome: Outcome = Outcome.RETURNED, *, hops: int = 0, **changes: object) -> Ended:
    """A run that ended so."""
    error = {"type": "ValueError", "message": "no"} if outcome.failed else None
    run = replace(a_run(outcome=outcome, error=error), **changes)  # type: ignore[arg-type]
    return Ended(run=run, event=an_event(hops=hops))


GOOD = ended()
BAD = ended(Outcome.RAISED)


def after(*runs: Ended, of: Health = WELL, at_ms: int = NOW_MS) -> Health:
    """The health after these."""
    return health.observe(of, runs, now_ms=at_ms)


def kinds(state: Health) -> list[tuple[NoticeKind, int | None]]:
    """What is to be told."""
    return [(notice.kind, notice.after_s) for notice in state.notices]


def sent(state: Health) -> Health:
    """With every notice sent."""
    return replace(state, notices=())


class TestWhatIsWritten:
    """A record only for a function that fails, and few writes even then."""

    def test_a_healthy_function_stays_the_same_object(self) -> None:
        """What has not changed is not written: success costs nothing."""
        assert after(*[GOOD] * 100) is WELL
        assert after() is WELL

    def test_a_batch_in_which_one_run_did_well_is_not_written(self) -> None:
        """A function that fails on every second event would cost a write or two for each batch."""
        assert after(GOOD, *[BAD] * 9) is WELL
        assert after(*[BAD] * 9, GOOD) is WELL

    def test_failures_are_counted_over_batches(self) -> None:
        """And begin anew after a run that did well."""
        assert after(*[BAD] * 3, of=after(BAD)).failures == 4
        assert after(GOOD, BAD, of=after(*[BAD] * 9)).failures == 0

    def test_beyond_the_first_notice_failures_are_counted_every_few_seconds(self) -> None:
        """Twenty-five workers must not queue up at one record to count what decides nothing."""
        failing = sent(after(*[BAD] * 10))
        assert after(*[BAD] * 10, of=failing, at_ms=NOW_MS + 9_999) is failing
        assert after(*[BAD] * 10, of=failing, at_ms=NOW_MS + 10_000).failures == 20


class TestWhoIsTold:
    """Ten in a row, an hour, a day, and the end of it."""

    def test_the_tenth_failure_in_a_row_is_told_once(self) -> None:
        """With an example, so that whoever hears of it knows where to look."""
        nine = after(*[BAD] * 9)
        assert kinds(nine) == []
        ten = after(BAD, of=nine)
        (notice,) = ten.notices
        assert (notice.kind, notice.failures, notice.version) == (NoticeKind.FAILING, 10, 1)
        assert (notice.run_id, notice.error_type) == (BAD.run.id, "ValueError")
        assert kinds(after(*[BAD] * 50, of=sent(ten), at_ms=NOW_MS + 60_000)) == []

    def test_an_hour_and_a_day_are_told_once_each(self) -> None:
        """Whoever missed the first notice hears another."""
        state, told = after(*[BAD] * 10), []
        for hours in (0.9, 1.1, 2, 23, 25, 30):
            state = after(BAD, of=sent(state), at_ms=NOW_MS + int(hours * HOUR_MS))
            told += kinds(state)
        assert told == [(NoticeKind.FAILING, 3600), (NoticeKind.FAILING, 86_400)]

    def test_a_function_that_seldom_runs_is_told_after_an_hour(self) -> None:
        """Ten failures of a function that runs once a day would be news after ten days."""
        rare = after(BAD, of=after(BAD), at_ms=NOW_MS + HOUR_MS)
        assert kinds(rare) == [(NoticeKind.FAILING, 3600)]
        assert kinds(after(*[BAD] * 10, of=sent(rare), at_ms=NOW_MS + HOUR_MS)) == []

    def test_the_recovery_is_told_to_those_who_heard_of_the_failure(self) -> None:
        """Once; and the next row of failures is told anew."""
        well = after(GOOD, of=sent(after(*[BAD] * 10)))
        assert kinds(well) == [(NoticeKind.RECOVERED, None)]
        assert well.notices[0].failures == 10
        assert not well.failing
        assert after(GOOD, of=sent(well)) == sent(well)
        assert kinds(after(GOOD, of=after(*[BAD] * 9))) == []
        assert kinds(after(*[BAD] * 10, of=sent(well))) == [(NoticeKind.FAILING, None)]

    def test_a_notice_that_is_not_sent_yet_stays(self) -> None:
        """The recovery does not make the failure undone."""
        both = after(GOOD, of=after(*[BAD] * 10))
        assert [kind for kind, _ in kinds(both)] == [NoticeKind.FAILING, NoticeKind.RECOVERED]

    def test_a_new_version_does_not_begin_a_new_row(self) -> None:
        """It is the function that fails, whichever version does; the notice names the last."""
        second = ended(Outcome.RAISED, version=2)
        state = after(*[second] * 5, of=after(*[BAD] * 5))
        assert [(notice.failures, notice.version) for notice in state.notices] == [(10, 2)]

    @given(st.lists(st.sampled_from([GOOD, BAD]), max_size=60), st.integers(1, 12))
    def test_failing_and_recovered_alternate(self, runs: list[Ended], size: int) -> None:
        """Whatever the batches: nobody hears twice of one row, or of a recovery from nothing."""
        state = WELL
        for start in range(0, len(runs), size):
            state = after(*runs[start : start + size], of=state)
        told = [kind for kind, _ in kinds(state)]
        turns = [NoticeKind.FAILING, NoticeKind.RECOVERED] * len(told)
        assert told == turns[: len(told)]
        assert state.failing == (len(told) % 2 == 1)


class TestWhatCounts:
    """Failures of the function, and nothing else."""

    def test_each_outcome_that_failed_counts(self) -> None:
        """Refused and stopped runs too: the function did not do its work."""
        for outcome in (
            Outcome.RAISED,
            Outcome.REFUSED,
            Outcome.TIMED_OUT,
            Outcome.OUT_OF_MEMORY,
            Outcome.RETRY,
        ):
            assert after(ended(outcome)).failures == 1, outcome

    def test_a_dropped_event_is_done_well(self) -> None:
        """The code decided so."""
        assert after(ended(Outcome.DROPPED), of=after(BAD)).failures == 0

    def test_what_did_not_run_and_what_waits_counts_neither_way(self) -> None:
        """A function that somebody disabled does not fail, and one that asks for later does not."""
        waiting = ended(Outcome.RETRY, due_at_ms=NOW_MS + 5_000)
        skipped = ended(Outcome.SKIPPED)
        assert after(waiting, skipped) is WELL
        failing = after(BAD)
        assert after(waiting, skipped, of=failing) is failing

    def test_an_exception_counts_even_if_the_run_is_tried_again(self) -> None:
        """The policy `on_error` retries for days; nobody would hear of it before its end."""
        assert after(ended(Outcome.RAISED, due_at_ms=NOW_MS + 5_000)).failures == 1


class TestNoCircles:
    """A function that is subscribed to notices, its own among them."""

    def test_a_run_on_a_notice_counts_neither_way(self) -> None:
        """So no notice leads straight to another, however many functions hear it and fail."""
        failing = after(*[BAD] * 10)
        (notice,) = health.events(failing)
        on_notice = replace(BAD, event=notice)
        assert after(*[on_notice] * 100, of=failing, at_ms=NOW_MS + 25 * HOUR_MS) is failing
        assert after(*[on_notice] * 100) is WELL
        assert after(replace(GOOD, event=notice), of=failing) is failing

    def test_an_event_that_only_looks_like_a_notice_counts(self) -> None:
        """A producer's own event of that topic is like any other."""
        (notice,) = health.events(after(*[BAD] * 10))
        forged = replace(BAD, event=replace(notice, origin="api"))
        assert after(forged).failures == 1

    def test_a_notice_has_come_one_hop_further_and_ends_after_the_last(self) -> None:
        """What a notice sets off ends as every loop of functions does."""
        (notice,) = health.events(after(*[ended(Outcome.RAISED, hops=3)] * 10))
        assert (notice.hops, notice.origin) == (4, "system")
        last = after(*[ended(Outcome.RAISED, hops=MAX_HOPS)] * 10)
        assert last.failing
        assert health.events(last) == []


class TestEvents:
    """What subscribers get."""

    def test_the_same_notice_makes_the_same_event(self) -> None:
        """A notice that is sent twice reaches each subscriber once."""
        state = after(*[BAD] * 10)
        assert health.events(state) == health.events(state)

    def test_each_notice_is_an_event_of_its_own(self) -> None:
        """Of a function, of a kind, of a time."""
        first = after(*[BAD] * 10)
        hour = after(BAD, of=first, at_ms=NOW_MS + HOUR_MS)
        both = after(GOOD, of=hour, at_ms=NOW_MS + HOUR_MS)
        other = after(*[BAD] * 10, of=replace(WELL, function="other"))
        every = [*health.events(both), *health.events(other)]
        assert len({event.id for event in every}) == 4

    def test_it_says_what_a_person_wants_to_know(self) -> None:
        """Which function, which run to look at, how many, and since when."""
        (event,) = health.events(after(*[BAD] * 10))
        assert event.topic == "function.failing"
        assert event.properties == {
            "function": "vip-orders",
            "version": 1,
            "run_id": BAD.run.id,
            "outcome": "raised",
            "error_type": "ValueError",
            "failures": 10,
            "failing_since": "2026-11-20T13:04:05.123Z",
        }


def noted(of: Health = WELL, *, runs: Iterable[Ended] = (BAD,), at_ms: int = NOW_MS) -> Health:
    """With the notice of the failed canary."""
    return health.with_canary_failure(of, A_FAILED_CANARY, list(runs), now_ms=at_ms)


class TestCanaries:
    """The notice that a canary has failed."""

    def test_a_canary_fails_once(self) -> None:
        """Many workers count, and several of them see that it is too much."""
        first = noted()
        assert noted(sent(first), at_ms=NOW_MS + 1) == sent(first)
        assert kinds(first) == [(NoticeKind.CANARY_FAILED, None)]

    def test_the_event_has_the_numbers_and_an_example_of_the_canary(self) -> None:
        """Whoever reads it sees why, and one run that failed."""
        of_canary = ended(Outcome.RAISED, id="run_canary", canary_id="can_1", version=2)
        (event,) = health.events(noted(runs=[of_canary, GOOD]))
        assert event.topic == "function.canary_failed"
        assert event.properties["run_id"] == "run_canary"
        assert event.properties["reason"] == "9 of 10 runs failed"
        numbers = ("version", "live_version", "canary_runs", "canary_failures", "live_runs")
        assert [event.properties[name] for name in numbers] == [2, 1, 10, 9, 90]

    def test_whichever_worker_notices_it_is_the_same_event(self) -> None:
        """Two that noticed at different times tell once."""
        (one,), (other,) = health.events(noted()), health.events(noted(at_ms=NOW_MS + 5))
        assert one.id == other.id
