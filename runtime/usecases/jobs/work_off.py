"""Works off durable jobs of every kind. A page that is repeated after a kill changes nothing.

What a page is, each kind says with a step: it does one page and returns the job after it. A step
must be repeatable, because its job is written behind it: whoever is killed in between leaves the
page to the next worker, when its lease has ended. A step that sets another due time puts its job
off until then.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from runtime.core.jobs.durable import Durable, leased
from runtime.errors import Transient

D = TypeVar("D", bound=Durable)

# Each write of a job begins its lease anew, and no page takes nearly as long. After this another
# worker takes over the page of one that was killed.
LEASE_MS: Final = 120_000
JOBS: Final = 100  # in one call


class Store(Protocol[D]):
    """Stores durable jobs of one sort."""

    def replace(self, old: D, new: D, /) -> D | None:
        """Store `new` in the place of `old`; None when `old` has changed meanwhile."""

    def due(self, *, now_ms: int, limit: int) -> Iterable[D]:
        """At most `limit` running ones that nobody is working on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOff(Generic[D]):
    """Works off durable jobs. Of workers that overlap, the first to write a job goes on with it."""

    store: Store[D]
    # By a job's `work`: does one page of it, and returns the job after it.
    steps: Mapping[str, Callable[[Any], D]]
    budget_s: float  # after which no further page is begun
    clock: Callable[[], datetime]

    def __call__(self, jobs: Iterable[D] | None = None) -> int:
        """Do some pages of these jobs, or of every one that is due; returns the records worked on.

        The jobs take turns, a page each, so that a long one does not keep the others waiting.

        Raises:
            Transient: a job could not go on; all other jobs went on.
        """
        count, problems = 0, list[Transient]()
        end_ms = self._now_ms() + int(self.budget_s * 1000)
        due = self.store.due(now_ms=self._now_ms(), limit=JOBS) if jobs is None else jobs
        going = deque(self._pages(job, end_ms) for job in due)
        while going:
            pages = going.popleft()
            try:
                worked = next(pages, None)
            except Transient as problem:
                problems.append(problem)
                continue
            if worked is not None:
                count += worked
                going.append(pages)
        if problems:
            raise problems[0]
        return count

    def _pages(self, due: D, end_ms: int) -> Iterator[int]:
        """Do page after page of a job; yields how many records each has worked on."""
        # The index may show a job that has ended since. The write then fails, and nothing is done.
        job = self.store.replace(due, self._leased(due))
        while job is not None and job.is_running and self._now_ms() < end_ms:
            before, after = job, self.steps[job.work](job)
            is_put_off = after.is_running and after.due_at_ms != before.due_at_ms
            # None when another worker has taken over the job, or somebody has cancelled it.
            job = self.store.replace(job, after if is_put_off else self._leased(after))
            yield 0 if job is None else job.worked - before.worked
            if is_put_off:
                return
        if job is not None and job.is_running:
            self.store.replace(job, replace(job, due_at_ms=self._now_ms()))

    def _leased(self, job: D) -> D:
        """The job on lease, if it goes on."""
        return leased(job, until_ms=self._now_ms() + LEASE_MS)

    def _now_ms(self) -> int:
        return int(self.clock().timestamp() * 1000)
