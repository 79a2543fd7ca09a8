"""Functions that fail: who is told, and what is gathered of the errors."""

from dataclasses import replace
from typing import Any

import pytest

from runtime.core.functions.error_groups import MAX_A_DAY, OTHERS, ErrorGroup
from runtime.core.functions.run import Outcome
from runtime.errors import Transient
from tests.builders import TENANT
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


def fail(platform: Platform, *numbers: int) -> None:
    """Run events on which the function raises."""
    platform.sandbox.script = lambda _: RAISED
    assert platform.run(*map(a_planned_run, numbers)) == [None] * len(numbers)


def succeed(platform: Platform, *numbers: int) -> None:
    """Run events on which the function returns."""
    platform.sandbox.script = lambda _: {}
    assert platform.run(*map(a_planned_run, numbers)) == [None] * len(numbers)


def groups(platform: Platform) -> list[ErrorGroup]:
    """The function's error groups, the newest first."""
    return list(platform.tend.groups.list(TENANT, "vip-orders", limit=100).items)  # type: ignore[attr-defined]


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

    def test_two_workers_with_the_same_message_count_it_once(self, platform: Platform) -> None:
        """Both run it, and one of them stores it."""

        def meanwhile() -> None:
            platform.sandbox.before_answer = lambda: None
            fail(platform, *range(5))

        platform.sandbox.before_answer = meanwhile
        fail(platform, *range(5))

        assert platform.tend.healths.find(TENANT, "vip-orders").failures == 5
        assert [group.count for group in groups(platform)] == [5]

    @pytest.mark.parametrize("problem", [Transient("no"), ValueError("a bug"), Killed()])
    def test_a_notice_that_was_stored_and_not_sent_is_sent_by_the_sweep(
        self, platform: Platform, problem: BaseException
    ) -> None:
        """The bus is away, or the worker dies: told all the same, and once."""
        never = Failing(platform.cloud.bus.put, problem)  # type: ignore[arg-type]
        dying = replace(platform.tend, bus=BusOf(never))
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
