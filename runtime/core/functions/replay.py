"""The replay of runs: a job that runs a function's runs again."""

from dataclasses import dataclass, replace
from typing import Self

from runtime.core.functions.rerun import VersionChoice
from runtime.core.functions.run import FAILED, Outcome, Run
from runtime.core.functions.selection import RunSelection
from runtime.core.jobs.durable import Durable
from runtime.core.page import Page
from runtime.core.replays.replay import Kind, PageCount, Replay, Subject, advanced


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReplay(Replay):
    """A job that runs a function's runs again.

    It passes over runs whose event has expired, whose version was deleted, and that changed
    meanwhile.
    """

    function: str  # whose runs are run again
    outcomes: tuple[Outcome, ...]  # which of them: those that ended in one of these ways
    version: VersionChoice = VersionChoice.LIVE
    # The ids of the runs at work, which stand before the cursor; empty between pages. A run that is
    # made again leaves its place in the list, so the list would not show a page that is repeated
    # after a kill.
    page: tuple[str, ...] = ()

    @property
    def subject(self) -> Subject:
        """The function whose runs are run again."""
        return Subject(Kind.RUNS, self.function)

    def as_seen(self) -> Self:
        """The job without what only the sweep knows."""
        return Durable.as_seen(replace(self, page=()))


def selection(replay: RunReplay) -> RunSelection:
    """The runs that the job looks at, among which are all that it wants."""
    return RunSelection(
        function=replay.function,
        failed=FAILED.issuperset(replay.outcomes),
        topic=replay.topic,
        since=replay.since,
        until=replay.until,
    )


def wants(replay: RunReplay, run: Run) -> bool:
    """Whether the job runs `run` again; not if its next attempt is due anyway."""
    return run.outcome in replay.outcomes and run.due_at_ms is None


def planned(replay: RunReplay, page: Page[Run], *, now: str) -> RunReplay:
    """The job before it works on this page; done when there is nothing to do any more."""
    # The job has begun a run of its own on an earlier page: it may be back in the list.
    run_ids = [run.id for run in page.items if wants(replay, run) and run.replay_id != replay.id]
    if not run_ids:
        return advanced(replay, PageCount(), cursor=page.after, now=now)
    return replace(replay, page=tuple(run_ids), cursor=page.after)


def worked(replay: RunReplay, count: PageCount, *, now: str) -> RunReplay:
    """The job after it has worked on its page; done when that was the last."""
    return advanced(replace(replay, page=()), count, cursor=replay.cursor, now=now)
