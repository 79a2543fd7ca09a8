"""Put a version on trial, promote it, or end the trial."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from runtime.core.functions import releases
from runtime.core.functions.function import Function
from runtime.core.functions.releases import Trial
from runtime.core.preconditions import ANY, IfMatch
from runtime.core.timestamps import timestamp
from runtime.usecases.functions import ports


@dataclass(frozen=True, slots=True, kw_only=True)
class TryCanary:
    """Starts, changes and ends canaries."""

    functions: ports.Releases
    new_id: Callable[[str], str]
    clock: Callable[[], datetime]

    def __call__(
        self, tenant: str, name: str, *, trial: Trial, if_match: IfMatch = ANY
    ) -> Function:
        """Give a version its share of the runs; returns the function then.

        Raises:
            BadInput: code `bad_share`, `bad_margin` or `bad_min_runs`.
            NotFound: the tenant has no such function, or the function has no such version.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: code `no_live_version`, `canary_is_live`, `canary_running`, `version_deleted`
                or `function_deleted`; or somebody else changed the function at the same time.
        """
        function = ports.kept(self.functions, tenant, name, if_match=if_match)
        ports.existing(self.functions, function, version=trial.version)
        change = releases.tried(
            function, trial, canary_id=self.new_id("can"), at=timestamp(self.clock())
        )
        self.functions.release(function, change)
        return change.function

    def promote(self, tenant: str, name: str, *, if_match: IfMatch = ANY) -> Function:
        """Publish the version on trial.

        Raises:
            NotFound: the tenant has no such function.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: code `no_canary` or `function_deleted`; or somebody else changed the function
                at the same time.
        """
        function = ports.kept(self.functions, tenant, name, if_match=if_match)
        change = releases.promoted(function, at=timestamp(self.clock()))
        self.functions.release(function, change)
        return change.function

    def stop(self, tenant: str, name: str, *, if_match: IfMatch = ANY) -> Function:
        """End the trial; the live version gets all runs again.

        Raises:
            NotFound: the tenant has no such function.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: code `no_canary` or `function_deleted`; or somebody else changed the function
                at the same time.
        """
        function = ports.kept(self.functions, tenant, name, if_match=if_match)
        change = releases.stopped(function, at=timestamp(self.clock()))
        self.functions.release(function, change)
        return change.function
