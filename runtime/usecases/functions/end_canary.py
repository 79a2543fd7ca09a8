"""End a canary."""

from dataclasses import dataclass, field, replace
from typing import Protocol

from runtime.core.functions.function import Function
from runtime.errors import Conflict, Transient
from runtime.races import Races


class Functions(Protocol):
    """Stores functions."""

    def find(self, tenant: str, name: str) -> Function | None:
        """One function, or None."""

    def replace(self, old: Function, new: Function) -> None:
        """Store `new` in the place of `old`.

        Raises:
            Conflict: `old` has changed since it was read.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class EndCanary:
    """Ends canaries."""

    functions: Functions
    races: Races = field(default_factory=Races)

    def __call__(
        self,
        tenant: str,
        name: str,
        *,
        canary_id: str,
        reason: str,  # noqa: ARG002 - for the release log
        at: str,  # noqa: ARG002 - for the release log
    ) -> None:
        """End the canary; one that has ended already, or whose function is gone, stays as it is.

        Raises:
            Transient: code `function_changed`: others keep changing the function.
        """
        for _ in self.races:
            function = self.functions.find(tenant, name)
            if function is None or function.canary is None or function.canary.id != canary_id:
                return
            try:
                self.functions.replace(function, replace(function, canary=None))
            except Conflict:
                continue
            return
        raise Transient("the function keeps changing", code="function_changed")
