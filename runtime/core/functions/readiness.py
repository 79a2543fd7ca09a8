"""Why a function cannot run an event now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from runtime.core.functions.function import Function
from runtime.core.functions.run import Outcome
from runtime.errors import Conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What is recorded instead of a run."""

    outcome: Outcome  # `REFUSED`, or `SKIPPED` when somebody wanted the function not to run
    error: Mapping[str, str]  # `type` and `message`


@dataclass(frozen=True, slots=True, kw_only=True)
class Unready(Refusal):
    """The refusal of a function that can run nothing. Whoever asks for a run of it is told, too."""

    conflict: Callable[[], Conflict]  # makes the error for whoever asks; each raise has its own


ERASED: Final = Refusal(
    outcome=Outcome.SKIPPED,
    error={"type": "Erased", "message": "the event names a person who was erased"},
)
OVER_QUOTA: Final = Refusal(
    outcome=Outcome.SKIPPED,
    error={
        "type": "QuotaExceeded",
        "message": "the tenant has used its quota of runs of this day; run the event again later",
    },
)
_GONE: Final = Unready(
    outcome=Outcome.REFUSED,
    error={"type": "NoFunction", "message": "there is no function of this name any more"},
    conflict=lambda: Conflict(
        "its function is gone; create it again and send the event under its own id",
        code="function_deleted",
    ),
)
_DELETED: Final = Unready(
    outcome=Outcome.SKIPPED,
    error={
        "type": "FunctionDeleted",
        "message": "the function was deleted; restore it, then run the event again",
    },
    conflict=lambda: Conflict(
        "its function was deleted; restore it first", code="function_deleted"
    ),
)
_DISABLED: Final = Unready(
    outcome=Outcome.SKIPPED,
    error={
        "type": "FunctionDisabled",
        "message": "the function was disabled; enable it, then run the event again",
    },
    conflict=lambda: Conflict(
        "its function is disabled; enable it first", code="function_disabled"
    ),
)
_NOT_PUBLISHED: Final = Unready(
    outcome=Outcome.REFUSED,
    error={
        "type": "NoLiveVersion",
        "message": "the function has no published version; publish one, then run the event again",
    },
    conflict=lambda: Conflict(
        "its function has no live version; publish one, or name a version", code="no_live_version"
    ),
)
NO_VERSION: Final = Refusal(
    outcome=Outcome.REFUSED,
    error={
        "type": "NoVersion",
        "message": "the version that was asked for was deleted; run the event on another one",
    },
)


def refusal(function: Function | None, *, version: int | None) -> Unready | None:
    """Why no version of the function can run an event; None when one can.

    Args:
        function: as it is stored now; None when it is gone.
        version: the version that was asked for; None leaves it to the function.
    """
    if function is None:
        return _GONE
    if function.deleted_at is not None:
        return _DELETED
    if not function.enabled:
        return _DISABLED
    if function.live_version is None and version is None:
        return _NOT_PUBLISHED
    return None


def check(function: Function | None, *, version: int | None) -> None:
    """Refuse to begin a run that could not be made.

    Raises:
        Conflict: code `function_deleted`, `function_disabled` or `no_live_version`.
    """
    unready = refusal(function, version=version)
    if unready is not None:
        raise unready.conflict()
