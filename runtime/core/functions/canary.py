"""A canary: a version that is tried on a share of the events before it is published."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from runtime.core.functions.function import Canary, Function
from runtime.core.functions.run import Run

_PARTS: Final = 1 << 32  # as many as the first four bytes of a digest tell apart


def version_for(function: Function, event_id: str) -> int | None:
    """The version that runs on an event: the canary on its share, else the live one; None if none.

    The event's id decides, so a repeated run of an event meets the same version for as long as the
    canary lasts, and a larger share adds events and takes none away.
    """
    canary = function.canary
    if canary is not None and takes(canary, event_id):
        return canary.version
    return function.live_version


def takes(canary: Canary, event_id: str) -> bool:
    """Whether the event is in the share of this canary."""
    digest = hashlib.sha256(f"{canary.id}\0{event_id}".encode()).digest()
    return int.from_bytes(digest[:4]) * 100 < canary.percent * _PARTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was counted since a canary began: attempts of runs, and those that failed."""

    live_runs: int = 0
    live_failures: int = 0
    canary_runs: int = 0
    canary_failures: int = 0

    @property
    def runs(self) -> int:
        """All of them."""
        return self.live_runs + self.canary_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryFailure:
    """A canary that fails more than it may, and what says so."""

    canary_id: str
    version: int  # the canary's
    live_version: int | None  # the one it was compared with; None when none is live
    counts: Counts
    reason: str  # one sentence with the numbers


def count(function: Function, runs: Iterable[Run]) -> Counts:
    """What these runs add to the counts of the function's canary.

    Runs that did not run, that wait to be tried again because the code asked for it, and that a
    person or a job wanted made again on a version of their choice say nothing about which version
    is better.
    """
    trial, counts = function.canary, Counts()
    if trial is None:
        return counts
    for run in runs:
        failed = int(run.outcome.failed)
        if not _is_telling(run):
            continue
        if run.canary_id == trial.id:
            counts = replace(
                counts,
                canary_runs=counts.canary_runs + 1,
                canary_failures=counts.canary_failures + failed,
            )
        elif run.canary_id is None and run.version == function.live_version:
            counts = replace(
                counts,
                live_runs=counts.live_runs + 1,
                live_failures=counts.live_failures + failed,
            )
    return counts


def failure(function: Function, counts: Counts) -> CanaryFailure | None:
    """Why the function's canary is to end, from all that was counted; None while it may go on.

    It fails when the share of its runs that failed is more than `margin_points` above that of the
    live version, over at least `min_runs` of its runs. While no live run was counted, the live
    version counts as one that never fails: whoever gives a canary all events still wants it to end
    when it fails.
    """
    trial = function.canary
    if trial is None or counts.canary_runs < max(1, trial.min_runs):
        return None
    canary_share = Fraction(100 * counts.canary_failures, counts.canary_runs)
    live_share = Fraction(100 * counts.live_failures, max(1, counts.live_runs))
    if canary_share <= live_share + Fraction(str(trial.margin_points)):
        return None
    return CanaryFailure(
        canary_id=trial.id,
        version=trial.version,
        live_version=function.live_version,
        counts=counts,
        reason=(
            f"{counts.canary_failures} of {counts.canary_runs} runs of version {trial.version}"
            f" failed ({float(canary_share):.1f} %), and {counts.live_failures} of"
            f" {counts.live_runs} of the live version ({float(live_share):.1f} %); it may fail"
            f" {trial.margin_points:g} points more often"
        ),
    )


def _is_telling(run: Run) -> bool:
    repeated = run.replay_id is not None or run.pinned_version is not None
    return run.is_conclusive and not repeated
