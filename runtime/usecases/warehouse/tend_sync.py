"""Watches a run of a sync: records how it ended, tells the tenant, and measures it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from runtime.core.timestamps import moment, timestamp
from runtime.core.warehouse import health
from runtime.core.warehouse.gap import Gap, RawGap
from runtime.core.warehouse.health import Health, Problem
from runtime.core.warehouse.plan import Lease, Load, LoadState
from runtime.core.warehouse.progress import Progress
from runtime.core.warehouse.sync import Sync
from runtime.errors import PenstockError
from runtime.usecases.ports import Bus

Loads = tuple[Load, ...]
# Whoever has taken the lease over records how the sync does.
_NOT_OURS: Final = "lease_lost"


class Outcome(StrEnum):
    """How a run of a sync ended."""

    WELL = "well"  # all that there was is loaded
    WAITING = "waiting"  # the warehouse is still at work, or the sync was paused meanwhile
    FAILED = "failed"


class Ledger(Protocol):
    """Stores how far a sync has come, and how it does."""

    def progress(self, tenant: str, sync_id: str) -> Progress:
        """How far the sync has come, read now."""

    def tend(self, lease: Lease, health: Health) -> None:
        """Store how the sync does.

        Raises:
            Transient: code `lease_lost`: another planner has the sync.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class TendSync:
    """Tends syncs."""

    ledger: Ledger
    bus: Bus
    clock: Callable[[], datetime]
    journal: Callable[[Mapping[str, Any]], None]  # takes a line about each load and each run
    # The fields of a line by which its metrics are told apart, beside those of all syncs together.
    measured_by: Sequence[str] = ("tenant", "sync_id")

    def __call__(self, sync: Sync, lease: Lease, run: Callable[[], Loads]) -> Loads:
        """Make a run, which the lease allows, and record how it ended; returns its loads.

        Whatever the run raises is raised once more. An error of this record itself is logged and
        not raised: the loads stand, and the next run finds the notices that are not sent.
        """
        started_at = self._now()
        try:
            loads = run()
        except Exception as failure:
            if getattr(failure, "code", None) != _NOT_OURS:
                gap = failure.gap if isinstance(failure, RawGap) else None
                self._logged(sync, lease, _problem(failure), gap=gap)
            raise
        self._logged(sync, lease, _problem_of(loads), loads=loads, started_at=started_at)
        return loads

    def loaded(self, load: Load) -> None:
        """Log and measure one load, as far as it came."""
        measures = {
            "sync.rows_in": load.rows_in,
            "sync.rows_new": load.rows_new,
            "sync.rows_discarded": load.discarded,
        }
        self.journal(
            {
                "message": "sync.load",
                "tenant": load.tenant,
                "sync_id": load.sync_id,
                "load_id": load.load_id,
                "trigger": load.trigger,
                "attempt": load.attempt,
                "state": load.state.value,
                "error_code": load.error_code,
                "reason": load.error,
                "measures": measures if load.state is LoadState.LOADED else None,
                "measured_by": self.measured_by,
            }
        )

    def _logged(self, sync: Sync, lease: Lease, problem: Problem | None, **more: Any) -> None:
        try:
            self._end(sync, lease, problem, **more)
        except PenstockError as trouble:
            self.journal(
                {
                    "message": "sync.not_tended",
                    "tenant": sync.tenant,
                    "sync_id": sync.id,
                    "code": trouble.code,
                }
            )

    def _end(
        self,
        sync: Sync,
        lease: Lease,
        problem: Problem | None,
        *,
        gap: Gap | None = None,
        loads: Loads = (),
        started_at: str = "",
    ) -> None:
        progress, now = self.ledger.progress(sync.tenant, sync.id), self._now()
        before = progress.health
        if problem is not None:
            outcome, after = Outcome.FAILED, health.failed(before, problem, at=now, gap=gap)
        elif _is_whole(loads, progress, started_at=started_at):
            outcome, after = Outcome.WELL, health.well(before, at=now)
        else:
            outcome, after = Outcome.WAITING, before
        if after is not before:
            self.ledger.tend(lease, after)
        line = _line(sync, outcome, after, lag_s=self._lag_s(sync, progress))
        self.journal({**line, "measured_by": self.measured_by})
        if after.notices:
            self.bus.put(health.events(sync, after))
            self.ledger.tend(lease, replace(after, notices=()))

    def _lag_s(self, sync: Sync, progress: Progress) -> int:
        since = moment(progress.loaded_until or sync.created_at)
        return max(0, round((self.clock() - since).total_seconds()))

    def _now(self) -> str:
        return timestamp(self.clock())


def _line(sync: Sync, outcome: Outcome, now: Health, *, lag_s: int) -> Mapping[str, Any]:
    is_failed = outcome is Outcome.FAILED
    return {
        "message": "sync.ended",
        "tenant": sync.tenant,
        "sync_id": sync.id,
        "outcome": outcome.value,
        "failures": now.failures or None,
        "code": now.error_code if is_failed else None,
        "reason": now.error if is_failed else None,
        "measures": {"sync.failed": int(is_failed), "sync.lag_s": lag_s},
    }


def _is_whole(loads: Loads, progress: Progress, *, started_at: str) -> bool:
    """Whether the run has loaded all there was, also when there was nothing."""
    if loads:
        return loads[-1].state is LoadState.LOADED
    return progress.loaded_until is not None and progress.loaded_until >= started_at


def _problem_of(loads: Loads) -> Problem | None:
    """Why the warehouse has refused the last load; None if it has not."""
    if not loads or loads[-1].state is not LoadState.FAILED:
        return None
    return Problem(loads[-1].error or "", loads[-1].error_code or "unknown")


def _problem(failure: Exception) -> Problem:
    if isinstance(failure, PenstockError):
        return Problem(failure.message, failure.code)
    # Our own fault. Its text is for the operator, who finds it in the log.
    return Problem(f"Penstock failed ({type(failure).__name__})", "internal")
