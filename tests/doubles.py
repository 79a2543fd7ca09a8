"""Stand-ins for what is not ours: clocks, the sandbox's answers."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from runtime.core.envelope import moment
from tests.builders import NOW


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: str = NOW) -> None:
        self.now = moment(now)

    def __call__(self) -> datetime:
        """The time it shows."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move it on."""
        self.now += timedelta(seconds=seconds)


Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def a_result(run_id: str = "", **changes: Any) -> dict[str, Any]:
    """The sandbox's result for one event: it returned nothing and did nothing."""
    return {
        "run_id": run_id,
        "outcome": "returned",
        "output": None,
        "error": None,
        "findings": [],
        "logs": [],
        "effects": [],
        "duration_ms": 1.5,
        "isolation": "seccomp",
    } | changes


class ScriptedSandbox:
    """Answers each event with what `script` says; an exception is raised instead of an answer."""

    def __init__(self, script: Answer | None = None) -> None:
        self.script: Answer = script or (lambda _event: {})
        self.jobs: list[Mapping[str, Any]] = []
        self.faults: list[Exception] = []
        self.before_answer: Callable[[], None] = lambda: None

    def run(self, tenant: str, job: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a job."""
        assert tenant == job["tenant"]
        self.jobs.append(job)
        if self.faults:
            raise self.faults.pop(0)
        results = [a_result(each["run_id"], **self.script(each)) for each in job["events"]]
        self.before_answer()
        return {"v": 1, "isolation": "seccomp", "results": results}


class Journal:
    """Keeps the lines."""

    def __init__(self) -> None:
        self.lines: list[Mapping[str, Any]] = []

    def __call__(self, line: Mapping[str, Any]) -> None:
        """Write a line."""
        self.lines.append(line)


class Failing:
    """Wraps a callable: its first `times` calls raise `problem` instead."""

    def __init__(self, call: Callable[..., Any], problem: Exception, *, times: int = 1) -> None:
        self._call = call
        self._problems: list[Exception] = [problem] * times

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Raise, or call."""
        if self._problems:
            raise self._problems.pop()
        return self._call(*args, **kwargs)
