"""Running a run again: its next attempt, on the event that it ran on.

A run keeps its id, so its effects repeat under the same ids. The profile is the one of then.
"""

from dataclasses import replace
from enum import StrEnum

from runtime.core.events.envelope import Event
from runtime.core.functions.function import FunctionVersion
from runtime.core.functions.run import Run


class VersionChoice(StrEnum):
    """Which version of its function a run is run again with."""

    LIVE = "live"  # the live one, or the canary on its share of the events
    SAME = "same"  # the version that ran last


class NotBegun(StrEnum):
    """Why a run is not run again."""

    EXPIRED = "expired"  # its event is not kept any more
    CHANGED = "changed"  # somebody else has begun its next attempt meanwhile


def again(
    run: Run, event: Event, *, version: int | None, replay_id: str | None, now_ms: int
) -> Run:
    """The run with its next attempt due now, at the start of a new round of its retries.

    Args:
        run: a run that has ended.
        event: the event that it ran on.
        version: what the next attempt runs; None leaves it to the function.
        replay_id: the job that runs it again; None for none.
        now_ms: the present, in epoch ms.
    """
    return replace(
        run,
        due_at_ms=now_ms,
        event=event.to_json(),
        pinned_version=version,
        replay_id=replay_id,
        replayed_after=run.attempt,
    )


def pinned(run: Run, choice: VersionChoice) -> int | None:
    """The version that `choice` means for this run; None leaves it to the function.

    A run that no version has made, because none was live, has none to repeat.
    """
    return (run.version or None) if choice is VersionChoice.SAME else None


def has_run(run: Run, version: FunctionVersion) -> bool:
    """Whether this version is the one that the run ran with.

    Its number alone does not say so: after a function was removed for good, another one of its name
    counts its versions from 1 again. Older records do not say which source ran.
    """
    return run.version == version.version and run.source_sha256 in (None, version.source_sha256)
