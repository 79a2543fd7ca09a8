"""Put a version on trial, promote it, or end the trial."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from runtime.core.functions import releases
from runtime.core.functions.function import Function
from runtime.core.functions.releases import Change, Trial
from runtime.core.timestamps import timestamp
from runtime.errors import Conflict
from runtime.races import Races
from runtime.usecases.functions import ports


@dataclass(frozen=True, slots=True, kw_only=True)
class TryCanary:
    """Starts, changes and ends canaries."""

    functions: ports.Releases
    new_id: Callable[[str], str]
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, name: str, *, trial: Trial) -> Function:
        """Give a version its share of the runs; returns the function then.

        Raises:
            BadInput: code `bad_share`, `bad_margin` or `bad_min_runs`.
            NotFound: the tenant has no such function, or the function has no such version.
            Conflict: code `no_live_version`, `canary_is_live`, `canary_running`, `version_deleted`
                or `function_deleted`; or somebody else changed the function at the same time.
        """
        function = ports.kept(self.functions, tenant, name)
        ports.existing(self.functions, function, version=trial.version)
        change = releases.tried(
            function, trial, canary_id=self.new_id("can"), at=timestamp(self.clock())
        )
        self.functions.release(function, change)
        return change.function

    def promote(self, tenant: str, name: str) -> Function:
        """Publish the version on trial.

        Raises:
            NotFound: the tenant has no such function.
            Conflict: code `no_canary` or `function_deleted`; or somebody else changed the function
                at the same time.
        """
        function = ports.kept(self.functions, tenant, name)
        change = releases.promoted(function, at=timestamp(self.clock()))
        self.functions.release(function, change)
        return change.function

    def stop(self, tenant: str, name: str) -> Function:
        """End the trial; the live version gets all runs again.

        Raises:
            NotFound: the tenant has no such function.
            Conflict: code `no_canary` or `function_deleted`; or somebody else changed the function
                at the same time.
        """
        function = ports.kept(self.functions, tenant, name)
        change = releases.stopped(function, at=timestamp(self.clock()))
        self.functions.release(function, change)
        return change.function


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
    """Ends trials that have failed."""

    functions: Functions
    races: Races = field(default_factory=Races)

    def __call__(self, tenant: str, name: str, canary_id: str, *, reason: str, at: str) -> None:
        """End this trial, with the reason on record; nothing changes when it has ended already.

        Raises:
            Conflict: code `function_changed`: others keep changing the function; call again.
        """
        for _ in self.races:
            function = self.functions.find(tenant, name)
            change = (
                None
                if function is None
                else releases.failed(function, canary_id, reason=reason, at=at)
            )
            if function is None or change is None:
                return
            try:
                self.functions.release(function, change)
            except Conflict:
                continue
            return
        raise Conflict("the function keeps changing", code="function_changed")
