"""End a canary that has failed."""

from dataclasses import dataclass, field
from typing import Final, Protocol

from runtime.core.functions import releases
from runtime.core.functions.function import Function
from runtime.core.functions.releases import Change, Release, ReleaseKind
from runtime.errors import Conflict, Transient
from runtime.races import Races
from runtime.usecases.functions import ports

LOOK_BACK: Final = 50  # entries among which the canary's end is looked for, the newest first


class Functions(ports.Findable, Protocol):
    """Stores functions, and the log of their releases."""

    def release(self, old: Function, change: Change) -> None:
        """Store a change of what is live or on trial, with its entry in the release log.

        Raises:
            Conflict: `old` has changed since it was read.
        """

    def find_release(self, tenant: str, name: str, *, seq: int) -> Release | None:
        """One entry of the release log, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndCanary:
    """Ends canaries that have failed."""

    functions: Functions
    races: Races = field(default_factory=Races)

    def __call__(self, tenant: str, name: str, *, canary_id: str, reason: str, at: str) -> bool:
        """End this canary, with the reason in the release log.

        Nothing changes when it has ended already, or its function is gone.

        Returns:
            Whether it ended for its failures, now or in an earlier call; False when somebody has
            promoted or stopped it first.

        Raises:
            Transient: code `function_changed`: others keep changing the function.
        """
        for _ in self.races:
            function = self.functions.find(tenant, name)
            if function is None:
                return False
            change = releases.failed(function, canary_id, reason=reason, at=at)
            if change is None:
                return self._has_failed(function, canary_id)
            try:
                self.functions.release(function, change)
            except Conflict:
                continue
            return True
        raise Transient("the function keeps changing", code="function_changed")

    def _has_failed(self, function: Function, canary_id: str) -> bool:
        """Whether the newest entry about the canary says that it failed."""
        for seq in range(function.releases, max(0, function.releases - LOOK_BACK), -1):
            entry = self.functions.find_release(function.tenant, function.name, seq=seq)
            if entry is not None and entry.canary_id == canary_id:
                return entry.kind is ReleaseKind.CANARY_FAILED
        return False
