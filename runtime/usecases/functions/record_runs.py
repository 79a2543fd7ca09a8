"""Store runs that have ended, and send what they ask for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from runtime.core.functions.health import Ended
from runtime.core.functions.run import Commit, Run
from runtime.core.functions.run_effects import Decision, Outgoing
from runtime.core.functions.run_plan import PlannedRun
from runtime.core.profiles.change import Change


class Runs(Protocol):
    """Stores runs."""

    def commit(self, run: Run, change: Change | None = None, /) -> Commit:
        """Store the run and what it changed about a person, in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRuns:
    """Stores the runs of one batch of a function, and remembers which it stored."""

    runs: Runs
    apply: Callable[[Run, Outgoing], None]
    journal: Callable[[Mapping[str, Any]], None]  # takes one line for each run
    ended: list[Ended] = field(default_factory=list)  # those that it stored, in order

    def __call__(self, planned_run: PlannedRun, decision: Decision) -> Commit:
        """Store a run with its profile change; if that worked, send its effects and log it.

        Raises:
            Transient: the run could not be stored, or not everything was sent.
        """
        commit = self.runs.commit(decision.run, decision.change)
        # If the commit is stale, another worker stored this attempt and sends its effects.
        if commit is Commit.DONE:
            self.ended.append(Ended(run=decision.run, event=planned_run.event))
            self.apply(decision.run, decision.outgoing)
            self.journal(_line(decision.run))
        return commit


def _line(run: Run) -> dict[str, Any]:
    """The log's one line about a run: flat, and without the user's data."""
    return {
        "message": "run.finished",
        "tenant": run.tenant,
        "function": run.function,
        "version": run.version,
        "canary_id": run.canary_id,
        "run_id": run.id,
        "event_id": run.event_id,
        "webhook_id": run.webhook_id,
        "topic": run.topic,
        "attempt": run.attempt,
        "outcome": str(run.outcome),
        "engine": run.engine,
        "isolation": run.isolation,
        "duration_ms": run.duration_ms,
        "due_at_ms": run.due_at_ms,
    }
