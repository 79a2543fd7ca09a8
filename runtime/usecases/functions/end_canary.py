"""End a canary that has failed."""

from dataclasses import dataclass, field
from typing import Protocol

from runtime.core.functions import releases
from runtime.core.functions.function import Function
from runtime.core.functions.releases import Change
from runtime.errors import Conflict, Transient
from runtime.races import Races


class Functions(Protocol):
    """Stores functions, and the log of their releases."""

    def find(self, tenant: str, name: str) -> Function | None:
        """One function, or None."""

    def release(self, old: Function, change: Change) -> None:
        """Store a change of what is live or on trial, with its entry in the release log.

        Raises:
            Conflict: `old` has changed since it was read.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class EndCanary:
    """Ends canaries that have failed."""

    functions: Functions
    races: Races = field(default_factory=Races)

    def __call__(self, tenant: str, name: str, *, canary_id: str, reason: str, at: str) -> None:
        """End this canary, with the reason in the release log.

        Nothing changes when it has ended already, or its function is gone.

        Raises:
            Transient: code `function_changed`: others keep changing the function.
        """
        for _ in self.races:
            function = self.functions.find(tenant, name)
            if function is None:
                return
            change = releases.failed(function, canary_id, reason=reason, at=at)
            if change is None:
                return
            try:
                self.functions.release(function, change)
            except Conflict:
                continue
            return
        raise Transient("the function keeps changing", code="function_changed")
