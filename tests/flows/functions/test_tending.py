"""Functions that fail: who is told, which canary ends, and what is gathered of the errors."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from runtime.core import json_text
from runtime.core.functions import canary
from runtime.core.functions.error_groups import MAX_A_DAY, OTHERS, ErrorGroup
from runtime.core.functions.function import Function
from runtime.core.functions.releases import Release, ReleaseKind
from runtime.core.functions.run import Outcome
from runtime.errors import Transient
from tests.builders import TENANT, a_canary, a_version
from tests.cloud import Cloud
from tests.doubles import Failing
from tests.runs import Platform, a_planned_run

RAISED = {
    "outcome": "raised",
    "error": {
        "type": "KeyError",
        "message": "'total'",
        "traceback": (
            'Traceback (most recent call last):\n  File "function.py", line 2, in handler\n'
            "    return event['properties']['total']\nKeyError: 'total'"
        ),
    },
}


class Killed(BaseException):
    """The worker is killed here."""


@pytest.fixture
def platform(cloud: Cloud) -> Platform:
    """A platform with one live function."""
    made = Platform(cloud)
    made.publish()
    return made


def fail(platform: Platform, *numbers: int) -> None:
    """Run events on which the function raises."""
    platform.sandbox.script = lambda _: RAISED
    assert platform.run(*map(a_planned_run, numbers)) == [None] * len(numbers)


def succeed(platform: Platform, *numbers: int) -> None:
    """Run events on which the function returns."""
    platform.sandbox.script = lambda _: {}
    assert platform.run(*map(a_planned_run, numbers)) == [None] * len(numbers)


def told(platform: Platform) -> list[Mapping[str, Any]]:
    """The notices on the bus, in order, each id once; they are taken off it."""
    by_id: dict[str, Mapping[str, Any]] = {}
    for message in platform.cloud.received("landed"):
        event = json_text.load(message["Body"])["detail"]
        by_id.setdefault(event["id"], event)
        platform.cloud.clients.sqs.delete_message(
            QueueUrl=platform.cloud.queue_url("landed"), ReceiptHandle=message["ReceiptHandle"]
        )
    return sorted(by_id.values(), key=lambda event: str(event["occurred_at"]))


def topics(platform: Platform) -> list[str]:
    """Of the notices on the bus."""
    return [event["topic"] for event in told(platform)]


def groups(platform: Platform) -> list[ErrorGroup]:
    """The function's error groups, the newest first."""
    return list(platform.tend.groups.list(TENANT, "vip-orders", limit=100).items)  # type: ignore[attr-defined]


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


class TestNotices:
    """`function.failing` and `function.recovered`."""

    def test_a_healthy_function_costs_no_write(self, platform: Platform) -> None:
        """Neither for its health nor for anything else."""
        succeed(platform, *range(10))

        assert platform.tend.healths.find(TENANT, "vip-orders").revision == 0
        assert groups(platform) == []

    def test_ten_failures_in_a_row_are_told_once_and_the_recovery_too(
        self, platform: Platform
    ) -> None:
        """However many follow, and however many workers see them."""
        for start in range(0, 30, 5):
            fail(platform, *range(start, start + 5))
        assert topics(platform) == ["function.failing"]

        platform.clock.advance(1)
        succeed(platform, *range(100, 110))
        succeed(platform, *range(110, 120))
        assert topics(platform) == ["function.recovered"]

    def test_a_new_function_of_the_same_name_begins_anew(self, platform: Platform) -> None:
        """Its first failures would else go on where those of the deleted one ended, untold."""
        fail(platform, *range(10))
        assert topics(platform) == ["function.failing"]
        function = platform.functions.get(TENANT, "vip-orders")
        later = "2026-11-22T00:00:00.000Z"
        platform.functions.replace(function, replace(function, created_at=later))

        succeed(platform, 100)
        assert topics(platform) == []
        fail(platform, *range(10, 20))
        assert topics(platform) == ["function.failing"]

    def test_a_function_that_sometimes_fails_is_not_failing(self, platform: Platform) -> None:
        """Nine of ten in a batch, in every batch."""
        good = {a_planned_run(number).message.run_id for number in range(0, 60, 10)}
        platform.sandbox.script = lambda each: {} if each["run_id"] in good else RAISED
        for start in range(0, 60, 10):
            platform.run(*map(a_planned_run, range(start, start + 10)))

        assert topics(platform) == []
        assert platform.tend.healths.find(TENANT, "vip-orders").revision == 0

    def test_a_fault_of_the_platform_is_not_the_functions(self, platform: Platform) -> None:
        """The runs wait in the queue and are made again."""
        platform.sandbox.faults = [Transient("AWS is away", code="aws_unavailable")] * 12
        for number in range(12):
            assert platform.run(a_planned_run(number)) == ["aws_unavailable"]

        assert topics(platform) == []
        assert platform.tend.healths.find(TENANT, "vip-orders").failures == 0

    def test_a_repeated_message_does_not_count_again(self, platform: Platform) -> None:
        """The queue brings messages twice; the run is on record and not made again."""
        for _ in range(3):
            fail(platform, *range(5))

        assert platform.tend.healths.find(TENANT, "vip-orders").failures == 5
        assert [group.count for group in groups(platform)] == [5]

    @pytest.mark.parametrize("problem", [Transient("no"), ValueError("a bug"), Killed()])
    def test_a_notice_that_was_stored_and_not_sent_is_sent_by_the_sweep(
        self, platform: Platform, problem: BaseException
    ) -> None:
        """The bus is away, or the worker dies: told all the same, and once."""
        never = Failing(platform.cloud.bus.put, problem)  # type: ignore[arg-type]
        dying = replace(platform.tend, bus=_Bus(never))
        platform.sandbox.script = lambda _: RAISED
        try:
            platform.run(*map(a_planned_run, range(10)), tend=dying)
        except Killed:
            assert isinstance(problem, Killed)

        assert topics(platform) == []
        assert platform.tend.sweep() == 0  # the worker gets its time
        platform.clock.advance(60)
        assert platform.tend.sweep() == 1
        assert topics(platform) == ["function.failing"]
        assert platform.tend.sweep() == 0

    def test_a_worker_that_dies_after_it_has_sent_tells_nobody_twice(
        self, platform: Platform
    ) -> None:
        """The sweep sends the same event, under the same id."""
        first = replace(platform.tend, healths=_NeverCleared(platform.tend.healths))
        platform.sandbox.script = lambda _: RAISED
        with pytest.raises(Killed):
            platform.run(*map(a_planned_run, range(10)), tend=first)
        (before,) = told(platform)

        platform.clock.advance(60)
        platform.tend.sweep()

        assert told(platform) == [before]

    def test_tending_that_fails_fails_no_run(self, platform: Platform) -> None:
        """The runs are on record; the log says what was not done."""
        broken = replace(platform.tend, healths=_Broken())  # type: ignore[arg-type]
        platform.sandbox.script = lambda _: RAISED

        assert platform.run(a_planned_run(), tend=broken) == [None]

        assert platform.record(a_planned_run()).outcome is Outcome.RAISED
        line = platform.journal.lines[-1]
        assert (line["message"], line["code"]) == ("function.not_tended", "ValueError")
        assert [group.count for group in groups(platform)] == [1]


class TestNoCircles:
    """Functions that hear of failing functions, and fail."""

    def test_a_function_that_fails_on_its_own_notice_tells_nobody_more(
        self, platform: Platform
    ) -> None:
        """Each round would else make another, and with several functions ever more."""
        fail(platform, *range(10))
        (notice,) = told(platform)
        for number in range(100, 130):
            platform.clock.advance(3_600)
            planned_run = a_planned_run(number)
            event = replace(
                planned_run.event,
                topic=notice["topic"],
                origin=notice["origin"],
                hops=notice["hops"],
            )
            platform.run(replace(planned_run, event=event))

        assert topics(platform) == []
        assert platform.tend.healths.find(TENANT, "vip-orders").failures == 10


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

    @pytest.mark.parametrize("step", ["end_canary", "bus"])
    def test_a_worker_that_dies_over_it_leaves_the_rest_to_the_sweep(
        self, platform: Platform, step: str
    ) -> None:
        """The verdict is on record before anything is done about it."""
        on_trial(platform, percent=100, margin_points=5, min_runs=20)
        by_version(platform, 2)
        part = getattr(platform.tend, step)
        never = Failing(part.put if step == "bus" else part, Killed())  # type: ignore[arg-type]
        broken: Any = _Bus(never) if step == "bus" else never
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


class TestErrorGroups:
    """What failed, gathered."""

    def test_a_thousand_failures_of_one_kind_are_one_group(self, platform: Platform) -> None:
        """With a run to look at, and the line."""
        for start in range(0, 50, 10):
            fail(platform, *range(start, start + 10))

        (group,) = groups(platform)
        assert (group.count, group.type, group.line) == (50, "KeyError", 2)
        assert platform.cloud.runs.find(group.run_id) is not None

    def test_code_that_makes_up_an_error_for_each_event_gets_a_bounded_number(
        self, platform: Platform
    ) -> None:
        """The others are counted, too."""
        number = iter(range(200))
        platform.sandbox.script = lambda _: (
            RAISED | {"error": {"type": f"E{next(number)}", "message": "x", "traceback": ""}}
        )
        for start in range(0, 100, 10):
            platform.run(*map(a_planned_run, range(start, start + 10)))

        every = groups(platform)
        assert len(every) == MAX_A_DAY + 1
        assert sum(group.count for group in every) == 100
        assert [group.count for group in every if group.type == OTHERS] == [50]


class _Bus:
    """A bus whose `put` is another's."""

    def __init__(self, put: Any) -> None:
        self.put = put


class _NeverCleared:
    """Stores everything but a health whose notices were sent: the worker dies before that."""

    def __init__(self, healths: Any) -> None:
        self._healths = healths

    def __getattr__(self, name: str) -> Any:
        return getattr(self._healths, name)

    def replace(self, old: Any, new: Any, /) -> Any:
        """Store it, unless it is the last step."""
        if old.notices and not new.notices:
            raise Killed
        return self._healths.replace(old, new)


class _Broken:
    """Fails, as code with a bug does."""

    def known(self, _: Any, /) -> Any:
        """Fail."""
        raise ValueError


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
