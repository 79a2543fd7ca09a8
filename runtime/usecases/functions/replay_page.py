"""Runs the runs of one page of a replay again. To do a page twice changes nothing.

A page has two steps, each of which ends with a write of the job: the first notes which runs are to
be run again, the second begins them. A run that the job has begun has the job's id, so a repeated
step counts it and leaves it alone.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.functions import replay as replays
from runtime.core.functions import rerun
from runtime.core.functions.function import FunctionVersion
from runtime.core.functions.replay import RunReplay
from runtime.core.functions.run import Run
from runtime.core.functions.selection import RunSelection
from runtime.core.page import Page
from runtime.core.replays.replay import PAGE, PageCount
from runtime.core.timestamps import timestamp
from runtime.usecases.functions import ports
from runtime.usecases.functions.run_again import RunAgain


class Runs(Protocol):
    """Stores runs."""

    def find_many(self, run_ids: Iterable[str]) -> dict[str, Run]:
        """The runs that have a record, by id."""

    def list(
        self,
        tenant: str,
        selection: RunSelection,
        *,
        after: str | None = None,
        limit: int = 50,
        oldest_first: bool = False,
    ) -> Page[Run]:
        """A page of a function's runs; it may be short and not the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRunsPage:
    """Does one page of a replay of runs."""

    runs: Runs
    functions: ports.Versions
    run_again: RunAgain
    clock: Callable[[], datetime]
    size: int = PAGE  # runs of one page

    def __call__(self, job: RunReplay) -> RunReplay:
        """Note or begin the next page's runs; returns the job after it.

        Raises:
            Transient: the step was not done to its end; do it again.
        """
        now = timestamp(self.clock())
        if not job.page:
            page = self.runs.list(
                job.tenant,
                replays.selection(job),
                after=job.cursor,
                limit=self.size,
                oldest_first=True,
            )
            return replays.planned(job, page, now=now)
        return replays.worked(job, self._begin(job), now=now)

    def _begin(self, job: RunReplay) -> PageCount:
        runs = self.runs.find_many(job.page)
        mine = self.run_again.resume(runs.values(), replay_id=job.id)
        todo = self._possible(job, runs.values())
        results = self.run_again(todo, replay_id=job.id)
        begun = sum(isinstance(result, Run) for result in results.values())
        replayed = len(mine) + begun
        return PageCount(replayed=replayed, passed_over=len(job.page) - replayed)

    def _possible(self, job: RunReplay, runs: Iterable[Run]) -> dict[str, tuple[Run, int | None]]:
        """The runs that the job has not begun yet and can begin, with the version of each."""
        versions = dict[int, FunctionVersion | None]()
        possible: dict[str, tuple[Run, int | None]] = {}
        for run in runs:
            if run.replay_id == job.id or not replays.wants(job, run):
                continue
            version = rerun.pinned(run, job.version)
            if version is not None and version not in versions:
                versions[version] = ports.find_existing(
                    self.functions, job.tenant, job.function, version=version
                )
            stored = None if version is None else versions[version]
            if version is None or (stored is not None and rerun.has_run(run, stored)):
                possible[run.id] = (run, version)
        return possible
