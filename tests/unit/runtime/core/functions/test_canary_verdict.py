"""When a canary ends by itself: what is counted, and what the numbers have to say."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from runtime.core.functions import canary
from runtime.core.functions.canary import Counts
from runtime.core.functions.function import Canary, Function
from runtime.core.functions.run import Outcome
from tests.builders import NOW, NOW_MS, a_function, a_run

TRIAL = Canary(id="can_1", version=2, percent=10.0, margin_points=5.0, min_runs=20, started_at=NOW)
ON_TRIAL = a_function(latest_version=2, canary=TRIAL)
LIVE = a_run()
CANARY = a_run(version=2, canary_id="can_1")


def verdict(function: Function = ON_TRIAL, /, **counts: int) -> str | None:
    """Why the canary is to end after these counts."""
    failure = canary.failure(function, Counts(**counts))
    return None if failure is None else failure.reason


class TestTheVerdict:
    """Its share of failures, beside that of the live version."""

    def test_it_fails_above_the_margin_and_not_at_it(self) -> None:
        """Five points are allowed."""
        live = {"live_runs": 100, "live_failures": 10}
        assert verdict(ON_TRIAL, **live, canary_runs=100, canary_failures=15) is None
        reason = verdict(ON_TRIAL, **live, canary_runs=100, canary_failures=16)
        assert reason is not None
        assert "16 of 100 runs of version 2 failed (16.0 %)" in reason
        assert "10 of 100 of the live version (10.0 %)" in reason

    def test_it_is_not_judged_before_it_had_enough_runs(self) -> None:
        """One failure of one run is no share of anything."""
        assert verdict(live_runs=100, canary_runs=19, canary_failures=19) is None
        assert verdict(live_runs=100, canary_runs=20, canary_failures=20) is not None

    def test_without_a_live_run_the_live_version_counts_as_sound(self) -> None:
        """A canary that gets every event must still end when it fails."""
        assert verdict(canary_runs=100, canary_failures=6) is not None
        assert verdict(canary_runs=100, canary_failures=5) is None

    def test_a_function_without_a_canary_has_no_verdict(self) -> None:
        """Another worker may just have ended it."""
        counts = {"canary_runs": 100, "canary_failures": 100}
        assert verdict(a_function(), **counts) is None

    def test_a_margin_is_the_decimal_that_was_set(self) -> None:
        """A tenth is no more a binary fraction than the share is."""
        strict = replace(ON_TRIAL, canary=replace(TRIAL, margin_points=0.1))
        assert verdict(strict, live_runs=1, canary_runs=1000, canary_failures=1) is None
        assert verdict(strict, live_runs=1, canary_runs=1000, canary_failures=2) is not None

    @given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
    def test_a_canary_that_is_as_good_stays(
        self, one: int, two: int, three: int, four: int
    ) -> None:
        """And a failure more never saves one, nor does a live failure less."""
        live_runs, live_failures = max(one, two), min(one, two)
        runs, failures = max(three, four), min(three, four)
        counts = {"live_runs": live_runs, "canary_runs": runs}
        if failures * max(1, live_runs) <= live_failures * runs:
            assert (
                verdict(ON_TRIAL, **counts, live_failures=live_failures, canary_failures=failures)
                is None
            )
        elif verdict(ON_TRIAL, **counts, live_failures=live_failures, canary_failures=failures):
            worse = min(runs, failures + 1)
            better = max(0, live_failures - 1)
            assert verdict(ON_TRIAL, **counts, live_failures=live_failures, canary_failures=worse)
            assert verdict(ON_TRIAL, **counts, live_failures=better, canary_failures=failures)


class TestTheCounts:
    """Runs of the two versions since the canary began."""

    def test_runs_are_counted_by_version(self) -> None:
        """Each attempt once, failed or not."""
        failed = [replace(each, outcome=Outcome.RAISED) for each in (LIVE, CANARY)]
        runs = [LIVE, LIVE, CANARY, *failed]
        assert canary.count(ON_TRIAL, runs) == Counts(
            live_runs=3, live_failures=1, canary_runs=2, canary_failures=1
        )

    def test_only_runs_of_this_canary_and_of_the_live_version_count(self) -> None:
        """A late run of an earlier canary says nothing about this one."""
        others = [replace(CANARY, canary_id="can_0"), replace(LIVE, version=7)]
        assert canary.count(ON_TRIAL, others).runs == 0
        assert canary.count(a_function(), [LIVE, CANARY]).runs == 0

    def test_runs_that_somebody_chose_a_version_for_do_not_count(self) -> None:
        """A replay of a thousand failures would condemn whichever version it is sent through."""
        chosen = [replace(LIVE, pinned_version=1), replace(LIVE, replay_id="rpl_1")]
        assert canary.count(ON_TRIAL, chosen).runs == 0

    def test_what_did_not_run_and_what_waits_does_not_count(self) -> None:
        """As for the function's health."""
        waiting = replace(CANARY, outcome=Outcome.RETRY, due_at_ms=NOW_MS)
        skipped = replace(LIVE, outcome=Outcome.SKIPPED, version=0)
        assert canary.count(ON_TRIAL, [waiting, skipped]).runs == 0
