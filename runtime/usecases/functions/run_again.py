"""Begin the next attempt of runs that have ended.

Each record is changed before its hint is sent. Should the hint get lost, the sweep finds the run
when it is due; should somebody have begun the attempt before, nothing changes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.events.envelope import Event
from runtime.core.functions import rerun
from runtime.core.functions.hints import run_hint
from runtime.core.functions.messages import RunMessage
from runtime.core.functions.rerun import NotBegun
from runtime.core.functions.run import Run
from runtime.core.ids import Key
from runtime.usecases.ports import Hints


class Runs(Protocol):
    """Stores runs."""

    def begin_again(self, old: Run, new: Run, /) -> bool:
        """Store `new`, whose next attempt is due, in the place of `old`, which has ended.

        Returns False when `old` has changed meanwhile.
        """


class Events(Protocol):
    """Keeps events for the retention."""

    def find_many(self, keys: Iterable[Key]) -> Mapping[Key, Event]:
        """The events of these that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAgain:
    """Begins the next attempt of runs."""

    runs: Runs
    events: Events
    hints: Hints[RunMessage]
    clock: Callable[[], datetime]

    def __call__(
        self, runs: Mapping[str, tuple[Run, int | None]], *, replay_id: str | None
    ) -> dict[str, Run | NotBegun]:
        """Begin the next attempt of each run; returns what came of each, by the run's id.

        That is the run as it was begun, even if a worker has made the attempt since.

        Args:
            runs: by id: a run that has ended, and the version that it is run again with; None
                leaves that to the function.
            replay_id: the job that runs them again; None for none.

        Raises:
            Transient: not every run was begun, or not every hint was sent.
        """
        keys = {run_id: Key(run.tenant, run.event_id) for run_id, (run, _) in runs.items()}
        events = self.events.find_many(dict.fromkeys(keys.values()))
        now_ms = int(self.clock().timestamp() * 1000)
        results: dict[str, Run | NotBegun] = {}
        for run_id, (run, version) in runs.items():
            event = events.get(keys[run_id])
            if event is None:
                results[run_id] = NotBegun.EXPIRED
                continue
            due = rerun.again(run, event, version=version, replay_id=replay_id, now_ms=now_ms)
            results[run_id] = due if self.runs.begin_again(run, due) else NotBegun.CHANGED
        self._hint([result for result in results.values() if isinstance(result, Run)])
        return results

    def resume(self, runs: Iterable[Run], *, replay_id: str) -> frozenset[str]:
        """Send another hint for each run that the job has begun and that nobody has made yet.

        Whoever began it may have been killed before it sent the hint.

        Returns:
            The ids of all runs among these that the job has begun.

        Raises:
            Transient: not every hint was sent.
        """
        mine = [run for run in runs if run.replay_id == replay_id]
        self._hint([run for run in mine if run.is_begun_again])
        return frozenset(run.id for run in mine)

    def _hint(self, begun: Sequence[Run]) -> None:
        if begun:
            self.hints.send([run_hint(each) for each in begun])
