"""Why a function cannot run an event now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from runtime.core.functions.function import Function
from runtime.core.functions.run import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What is recorded instead of a run."""

    outcome: Outcome  # `REFUSED`, or `SKIPPED` when somebody wanted the function not to run
    error: Mapping[str, str]  # `type` and `message`


_GONE: Final = Refusal(
    outcome=Outcome.REFUSED,
    error={"type": "NoFunction", "message": "there is no function of this name any more"},
)
_DELETED: Final = Refusal(
    outcome=Outcome.SKIPPED,
    error={
        "type": "FunctionDeleted",
        "message": "the function was deleted; restore it, then run the event again",
    },
)
_DISABLED: Final = Refusal(
    outcome=Outcome.SKIPPED,
    error={
        "type": "FunctionDisabled",
        "message": "the function was disabled; enable it, then run the event again",
    },
)
_NOT_PUBLISHED: Final = Refusal(
    outcome=Outcome.REFUSED,
    error={
        "type": "NoLiveVersion",
        "message": "the function has no published version; publish one, then run the event again",
    },
)
NO_VERSION: Final = Refusal(
    outcome=Outcome.REFUSED,
    error={
        "type": "NoVersion",
        "message": "the version that was asked for was deleted; run the event on another one",
    },
)


def refusal(function: Function | None, *, version: int | None) -> Refusal | None:
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
