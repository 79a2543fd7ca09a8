"""Works through replays of every kind. A page that is repeated after a kill changes nothing.

What a page is, each kind says with a step: it does one page and returns the job after it. A step
must be repeatable, because its job is written behind it: whoever is killed in between leaves the
page to the next sweep, when its lease has ended.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from runtime.core.replays.replay import Kind, Replay, ReplayState
from runtime.errors import Transient

# Twice the sweep's timeout. After this another sweep takes over the page of one that was killed.
LEASE_MS: Final = 120_000
# For all replays, out of the minute between two sweeps: what is due comes first.
BUDGET_S: Final = 20
JOBS: Final = 100  # in one sweep


class Replays(Protocol):
    """Stores replays."""

    def replace(self, old: Replay, new: Replay, /) -> Replay | None:
        """Store `new` in the place of `old`; None when `old` has changed meanwhile."""

    def due(self, *, now_ms: int, limit: int) -> Iterable[Replay]:
        """At most `limit` running replays that no sweep is working on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkReplays:
    """Works through replays. If sweeps overlap, the first to write a job goes on with it alone."""

    replays: Replays
    # Does one page of a job of this kind, and returns the job after it.
    steps: Mapping[Kind, Callable[[Any], Replay]]
    clock: Callable[[], datetime]

    def __call__(self) -> int:
        """Do some pages of every running replay; returns how many records were begun again.

        The jobs take turns, a page each, so that a long one does not keep the others waiting.

        Raises:
            Transient: a job could not go on; all other jobs went on.
        """
        count, problems = 0, []
        end_ms = self._now_ms() + BUDGET_S * 1000
        due = self.replays.due(now_ms=self._now_ms(), limit=JOBS)
        going = deque(self._pages(job, end_ms) for job in due)
        while going:
            pages = going.popleft()
            try:
                replayed = next(pages, None)
            except Transient as problem:
                problems.append(problem)
                continue
            if replayed is not None:
                count += replayed
                going.append(pages)
        if problems:
            raise problems[0]
        return count

    def _pages(self, replay: Replay, end_ms: int) -> Iterator[int]:
        """Do page after page of a job; yields how many records each has begun again."""
        # The index may show a job that has ended since. The write then fails, and nothing is done.
        job = self.replays.replace(replay, self._leased(replay))
        while job is not None and job.state is ReplayState.RUNNING and self._now_ms() < end_ms:
            before, step = job, self.steps[job.subject.kind]
            # None when another sweep has taken over the job, or somebody has cancelled it.
            job = self.replays.replace(job, self._leased(step(job)))
            yield 0 if job is None else job.replayed - before.replayed
        if job is not None and job.state is ReplayState.RUNNING:
            self.replays.replace(job, replace(job, due_at_ms=self._now_ms()))

    def _leased(self, job: Replay) -> Replay:
        """The job on lease, if it goes on."""
        if job.state is not ReplayState.RUNNING:
            return job
        return replace(job, due_at_ms=self._now_ms() + LEASE_MS)

    def _now_ms(self) -> int:
        return int(self.clock().timestamp() * 1000)
