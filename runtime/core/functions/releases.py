"""Which version of a function is live, which is on trial, and the log of how it came to be so.

Each verb takes the function as it is stored and returns it as it is then, with the entry of the
release log that says so. Both are stored in one write.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from runtime.core.functions.function import Canary, Function
from runtime.errors import BadInput, Conflict, NotFound

REMEMBERED: Final = 20  # versions to which rollbacks without a number can go, one after the other
MIN_PERCENT: Final = 0.001  # one event of 100,000; a smaller share would meet none for days
MAX_POINTS: Final = 100
MAX_MIN_RUNS: Final = 100_000


class ReleaseKind(StrEnum):
    """What happened to a function's versions."""

    PUBLISHED = "published"
    ROLLED_BACK = "rolled_back"
    CANARY_STARTED = "canary_started"
    CANARY_CHANGED = "canary_changed"
    CANARY_PROMOTED = "canary_promoted"
    CANARY_STOPPED = "canary_stopped"  # by somebody
    CANARY_FAILED = "canary_failed"  # by itself, for its failures
    VERSION_DELETED = "version_deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """An entry of a function's release log."""

    tenant: str
    function: str
    seq: int  # from 1, in the order of the changes
    at: str  # ISO 8601
    kind: ReleaseKind
    version: int  # the version that it is about
    live_before: int | None = None  # the version that was live until then; None for none
    live_after: int | None = None  # the version that is live from then on
    percent: float | None = None  # the canary's share from then on; None without a canary
    canary_id: str | None = None  # of the canary that began, changed or ended with it; or None
    reason: str | None = None  # why a canary ended by itself, in words; None for all others


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A function as it is after a change, and the entry about it."""

    function: Function
    release: Release


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What somebody wants of a canary."""

    version: int
    percent: float = 10  # share of the runs, from 0.001 to 100
    margin_points: float = 5  # how many percentage points more of its runs may fail
    min_runs: int = 100  # before it is judged


def check_number(function: Function, version: int) -> None:
    """Refuse the number of a version that was never pushed.

    Raises:
        NotFound: code `version_not_found`.
    """
    if 1 <= version <= function.latest_version:
        return
    latest = (
        f"its latest is {function.latest_version}"
        if function.latest_version
        else "none was pushed yet"
    )
    raise NotFound(f"{function.name} has no version {version}; {latest}", code="version_not_found")


def published(function: Function, version: int, *, at: str) -> Change | None:
    """The version becomes the live one; None when it is live already.

    A publish of the version on trial ends the trial.

    Raises:
        Conflict: code `canary_running`: another version is on trial.
    """
    trial = function.canary
    if version == function.live_version:
        return None
    if trial is not None and trial.version != version:
        raise _running(function, trial)
    kind = ReleaseKind.PUBLISHED if trial is None else ReleaseKind.CANARY_PROMOTED
    return _change(_live(function, version), function, kind=kind, version=version, at=at)


def rolled_back(function: Function, *, to: int | None, at: str) -> Change:
    """The way back: a canary ends, or else the version before the live one becomes live.

    Args:
        function: as it is stored.
        to: a version to go to; None for the version before.
        at: ISO 8601.

    Raises:
        Conflict: code `nothing_to_roll_back_to`, or `version_is_live`: `to` is live already.
    """
    trial = function.canary
    if to is None and trial is not None:
        return stopped(function, at=at)
    before = function.live_before
    target = to if to is not None else _last_other(before, function.live_version)
    if target is None:
        raise Conflict(
            "no other version was live before that still exists; `penstock functions publish"
            f" {function.name} --version N` publishes any",
            code="nothing_to_roll_back_to",
        )
    if target == function.live_version:
        raise Conflict(f"version {target} is live already", code="version_is_live")
    if target in before:
        last = len(before) - 1 - before[::-1].index(target)
        before = before[:last]
    after = replace(function, live_version=target, live_before=before, canary=None)
    return _change(after, function, kind=ReleaseKind.ROLLED_BACK, version=target, at=at)


def tried(function: Function, trial: Trial, *, canary_id: str, at: str) -> Change:
    """The version goes on trial. Of a trial under way the share and the limits may change.

    Args:
        function: as it is stored.
        trial: what is wanted.
        canary_id: of a trial that begins; one that is changed keeps its own, so that an event that
            has met it goes on meeting it.
        at: ISO 8601.

    Raises:
        BadInput: code `bad_share`, `bad_margin` or `bad_min_runs`.
        Conflict: code `no_live_version`, `canary_is_live`, or `canary_running`: another version is
            on trial.
    """
    check_trial(trial)
    if function.live_version is None:
        raise Conflict(
            f"no version is live to compare it with; `penstock functions publish {function.name}"
            f" --version {trial.version}` publishes this one",
            code="no_live_version",
        )
    if trial.version == function.live_version:
        raise Conflict(
            f"version {trial.version} is live already, and has every run; name another one",
            code="canary_is_live",
        )
    old = function.canary
    if old is not None and old.version != trial.version:
        raise _running(function, old)
    canary = Canary(
        id=canary_id if old is None else old.id,
        version=trial.version,
        percent=trial.percent,
        margin_points=trial.margin_points,
        min_runs=trial.min_runs,
        started_at=at if old is None else old.started_at,
    )
    kind = ReleaseKind.CANARY_STARTED if old is None else ReleaseKind.CANARY_CHANGED
    after = replace(function, canary=canary)
    return _change(after, function, kind=kind, version=trial.version, at=at)


def promoted(function: Function, *, at: str) -> Change:
    """The version on trial becomes the live one.

    Raises:
        Conflict: code `no_canary`.
    """
    version = _trial(function).version
    return _change(
        _live(function, version),
        function,
        kind=ReleaseKind.CANARY_PROMOTED,
        version=version,
        at=at,
    )


def stopped(function: Function, *, at: str) -> Change:
    """The trial ends, and the live version gets all runs again.

    Raises:
        Conflict: code `no_canary`.
    """
    after = replace(function, canary=None)
    version = _trial(function).version
    return _change(after, function, kind=ReleaseKind.CANARY_STOPPED, version=version, at=at)


def failed(function: Function, canary_id: str, *, reason: str, at: str) -> Change | None:
    """The trial ends for its failures; None when this trial has ended already."""
    trial = function.canary
    if trial is None or trial.id != canary_id:
        return None
    change = stopped(function, at=at)
    release = replace(change.release, kind=ReleaseKind.CANARY_FAILED, reason=reason)
    return replace(change, release=release)


def deleted(function: Function, version: int, *, at: str) -> Change:
    """The version can never run again; no rollback goes there.

    Raises:
        Conflict: code `version_is_live` or `canary_running`.
    """
    if version == function.live_version:
        raise Conflict(
            f"version {version} is live; `penstock functions publish {function.name} --version N`"
            " publishes another one first",
            code="version_is_live",
        )
    if function.canary is not None and function.canary.version == version:
        raise _running(function, function.canary)
    before = tuple(each for each in function.live_before if each != version)
    after = replace(function, live_before=before)
    return _change(after, function, kind=ReleaseKind.VERSION_DELETED, version=version, at=at)


def _live(function: Function, version: int) -> Function:
    old = function.live_version
    before = function.live_before if old is None else (*function.live_before, old)
    return replace(function, live_version=version, live_before=before[-REMEMBERED:], canary=None)


def _last_other(before: tuple[int, ...], live: int | None) -> int | None:
    # Where a version was deleted that was live in between, the live one itself may come first.
    return next((version for version in reversed(before) if version != live), None)


def _running(function: Function, trial: Canary) -> Conflict:
    return Conflict(
        f"version {trial.version} is on trial; `penstock functions canary stop {function.name}`"
        f" ends that, and `penstock functions canary promote {function.name}` publishes it",
        code="canary_running",
    )


def _trial(function: Function) -> Canary:
    if function.canary is None:
        raise Conflict(
            f"no version is on trial; `penstock functions canary start {function.name} N` starts"
            " a canary",
            code="no_canary",
        )
    return function.canary


def _change(after: Function, old: Function, *, kind: ReleaseKind, version: int, at: str) -> Change:
    counted = replace(after, releases=old.releases + 1)
    canary = None if after.canary == old.canary else after.canary or old.canary
    release = Release(
        tenant=old.tenant,
        function=old.name,
        seq=counted.releases,
        at=at,
        kind=kind,
        version=version,
        live_before=old.live_version,
        live_after=after.live_version,
        percent=None if after.canary is None else after.canary.percent,
        canary_id=None if canary is None else canary.id,
    )
    return Change(function=counted, release=release)


def check_trial(trial: Trial) -> None:
    """Refuse a trial whose share, margin or number of runs is out of range.

    Raises:
        BadInput: code `bad_share`, `bad_margin` or `bad_min_runs`.
    """
    if not MIN_PERCENT <= trial.percent <= MAX_POINTS:
        raise BadInput(
            f"must be from {MIN_PERCENT} to {MAX_POINTS}", field="percent", code="bad_share"
        )
    if not 0 <= trial.margin_points <= MAX_POINTS:
        raise BadInput(
            "must be from 0 to 100 percentage points", field="margin_points", code="bad_margin"
        )
    if not 1 <= trial.min_runs <= MAX_MIN_RUNS:
        raise BadInput(f"must be from 1 to {MAX_MIN_RUNS}", field="min_runs", code="bad_min_runs")
