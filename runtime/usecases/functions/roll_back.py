"""Go back to the version that was live before."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from runtime.core.functions import releases
from runtime.core.functions.function import Function
from runtime.core.preconditions import ANY, IfMatch
from runtime.core.timestamps import timestamp
from runtime.usecases.functions import ports


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBack:
    """Rolls functions back."""

    functions: ports.Releases
    clock: Callable[[], datetime]

    def __call__(
        self, tenant: str, name: str, *, to: int | None = None, if_match: IfMatch = ANY
    ) -> Function:
        """Make the version before the live one live again; while one is on trial, end the trial.

        Each further call goes one version further back.

        Args:
            tenant: whose function.
            name: the function's.
            to: a version to go to instead; it ends a trial too.
            if_match: which state of the function the change is meant for.

        Raises:
            NotFound: the tenant has no such function, or the function has no such version.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: code `nothing_to_roll_back_to`, `version_is_live`, `version_deleted` or
                `function_deleted`; or somebody else changed the function at the same time.
        """
        function = ports.kept(self.functions, tenant, name, if_match=if_match)
        if to is not None:
            ports.existing(self.functions, function, version=to)
        change = releases.rolled_back(function, to=to, at=timestamp(self.clock()))
        self.functions.release(function, change)
        return change.function
