"""Switch a function on or off. While it is off its events are recorded as skipped."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from runtime.core.functions import life
from runtime.core.functions.function import Function
from runtime.core.preconditions import ANY, IfMatch
from runtime.core.timestamps import timestamp
from runtime.races import Races
from runtime.usecases.functions import ports


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchFunction:
    """Switches functions."""

    functions: ports.Functions
    clock: Callable[[], datetime]
    races: Races = field(default_factory=Races)

    def __call__(
        self, tenant: str, name: str, *, enabled: bool, if_match: IfMatch = ANY
    ) -> Function:
        """Switch the function on or off; returns it. Nothing changes if it is so already.

        Raises:
            NotFound: the tenant has no such function.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: the function is deleted, or others keep changing it.
        """

        def switch() -> Function:
            old = self.functions.get(tenant, name)
            if_match.check(old.etag)
            function = life.switched(old, enabled=enabled, now=timestamp(self.clock()))
            if function is not old:
                self.functions.replace(old, function)
            return function

        return ports.insist(self.races, switch)
