"""Canaries that fail: they end by themselves, once, and everybody hears of it."""

from dataclasses import replace
from typing import Any

import pytest

from runtime.core.functions import canary
from runtime.core.functions.function import Function
from runtime.core.functions.releases import Release, ReleaseKind
from runtime.usecases.functions.try_canary import TryCanary
from tests.builders import TENANT, a_canary, a_version
from tests.cloud import Cloud
from tests.doubles import Failing
from tests.runs import Platform, a_planned_run
from tests.tending import RAISED, BusOf, Killed, told, topics


@pytest.fixture
def platform(cloud: Cloud) -> Platform:
    """A platform with one live function."""
    made = Platform(cloud)
    made.publish()
    return made


def failed_canaries(platform: Platform) -> list[Release]:
    """Entries of the release log about canaries that ended by themselves, the newest first."""
    log = platform.functions.release_log(TENANT, "vip-orders")
    return [each for each in log.items if each.kind is ReleaseKind.CANARY_FAILED]


def on_trial(platform: Platform, **changes: Any) -> Function:
    """The function with a second version as a canary."""
    function = platform.functions.get(TENANT, "vip-orders")
    function = platform.functions.add_version(function, a_version(version=2))
    tried = replace(function, canary=a_canary(**changes))
    platform.functions.replace(function, tried)
    return tried


def by_version(platform: Platform, *failing: int) -> None:
    """Let these versions raise, and all others return."""
    jobs = platform.sandbox.jobs
    platform.sandbox.script = lambda _: RAISED if jobs[-1]["version"] in failing else {}


class TestCanaries:
    """A canary that fails ends by itself."""

    def test_one_that_fails_more_than_the_live_version_ends_and_everybody_hears(
        self, platform: Platform
    ) -> None:
        """With the numbers that say why; from then on the live version gets every event."""
        on_trial(platform, percent=50, margin_points=5, min_runs=10)
        by_version(platform, 2)
        for start in range(0, 100, 10):
            platform.run(*map(a_planned_run, range(start, start + 10)))

        assert platform.functions.get(TENANT, "vip-orders").canary is None
        (release,) = failed_canaries(platform)
        (event,) = told(platform)
        assert event["topic"] == "function.canary_failed"
        assert event["properties"]["reason"] == release.reason
        assert event["properties"]["canary_id"] == release.canary_id
        assert (release.version, release.live_before, release.live_after) == (2, 1, 1)
        assert event["properties"]["canary_runs"] >= 10
        last_runs = [platform.record(a_planned_run(number)) for number in range(90, 100)]
        assert {run.version for run in last_runs} == {1}

    def test_one_that_fails_as_seldom_as_the_live_version_stays(self, platform: Platform) -> None:
        """Both fail on every event here, which is no difference."""
        on_trial(platform, percent=50, margin_points=5, min_runs=10)
        by_version(platform, 1, 2)
        for start in range(0, 100, 10):
            platform.run(*map(a_planned_run, range(start, start + 10)))

        assert platform.functions.get(TENANT, "vip-orders").canary is not None
        assert failed_canaries(platform) == []

    def test_its_share_of_a_thousand_events_is_what_was_set(self, platform: Platform) -> None:
        """Within three points, and the counts are exact."""
        function = on_trial(platform, percent=20, margin_points=5, min_runs=10)
        by_version(platform)
        for start in range(0, 1000, 10):
            platform.run(*map(a_planned_run, range(start, start + 10)))

        nothing = canary.Counts()
        assert function.canary is not None
        counts = platform.tend.counts.add(TENANT, function.canary.id, nothing)
        assert counts.runs == 1000
        assert abs(counts.canary_runs / 1000 - 0.2) < 0.03

    def test_two_workers_at_the_same_moment_end_it_once(self, platform: Platform) -> None:
        """Both have counted enough before either has stored anything."""
        on_trial(platform, percent=100, margin_points=5, min_runs=10)
        by_version(platform, 2)

        def meanwhile() -> None:
            platform.run(*map(a_planned_run, range(100, 110)))

        counts = _Interrupted(platform.tend.counts, meanwhile)
        one = replace(platform.tend, counts=counts)
        platform.run(*map(a_planned_run, range(10)), tend=one)

        assert len(failed_canaries(platform)) == 1
        assert topics(platform).count("function.canary_failed") == 1

    @pytest.mark.parametrize("verb", ["promote", "stop"])
    def test_one_that_somebody_ends_first_is_not_said_to_have_failed(
        self, platform: Platform, verb: str
    ) -> None:
        """The release log knows of no failure; the version may be the live one by now."""
        on_trial(platform, percent=100, margin_points=5, min_runs=10)
        by_version(platform, 2)
        verbs = TryCanary(
            functions=platform.functions, new_id=lambda _: "can_2", clock=platform.clock
        )

        def meanwhile() -> None:
            getattr(verbs, verb)(TENANT, "vip-orders")

        counts = _Interrupted(platform.tend.counts, meanwhile)
        platform.run(*map(a_planned_run, range(10)), tend=replace(platform.tend, counts=counts))
        platform.clock.advance(60)
        platform.tend.sweep()

        assert failed_canaries(platform) == []
        assert "function.canary_failed" not in topics(platform)

    @pytest.mark.parametrize("step", ["end_canary", "bus"])
    def test_a_worker_that_dies_over_it_leaves_the_rest_to_the_sweep(
        self, platform: Platform, step: str
    ) -> None:
        """The verdict is on record before anything is done about it."""
        on_trial(platform, percent=100, margin_points=5, min_runs=20)
        by_version(platform, 2)
        part = getattr(platform.tend, step)
        never = Failing(part.put if step == "bus" else part, Killed())  # type: ignore[arg-type]
        broken: Any = BusOf(never) if step == "bus" else never
        dying = replace(platform.tend, **{step: broken})
        platform.run(*map(a_planned_run, range(10)))
        told(platform)
        with pytest.raises(Killed):
            platform.run(*map(a_planned_run, range(10, 20)), tend=dying)

        platform.clock.advance(60)
        platform.tend.sweep()

        assert platform.functions.get(TENANT, "vip-orders").canary is None
        assert len(failed_canaries(platform)) == 1
        assert topics(platform) == ["function.canary_failed"]


class _Interrupted:
    """Counts, and lets something else happen before it answers; once."""

    def __init__(self, counts: Any, meanwhile: Any) -> None:
        self._counts = counts
        self._meanwhile = [meanwhile]

    def add(self, tenant: str, canary_id: str, gain: canary.Counts) -> canary.Counts:
        """The counts."""
        counts: canary.Counts = self._counts.add(tenant, canary_id, gain)
        if self._meanwhile:
            self._meanwhile.pop()()
        return counts
