"""Run one run again."""

from dataclasses import dataclass
from typing import Protocol

from runtime.core.functions import readiness, rerun
from runtime.core.functions.function import FunctionVersion
from runtime.core.functions.rerun import NotBegun, VersionChoice
from runtime.core.functions.run import Run
from runtime.errors import Conflict, NotFound
from runtime.usecases.functions import ports
from runtime.usecases.functions.run_again import RunAgain


class Runs(Protocol):
    """Stores runs."""

    def find(self, run_id: str) -> Run | None:
        """One run of any tenant, or None."""


class Functions(ports.Findable, ports.Versions, Protocol):
    """Reads functions and their versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRun:
    """Runs one run again, on the event that it ran on and the profile of now."""

    runs: Runs
    functions: Functions
    run_again: RunAgain

    def __call__(
        self,
        tenant: str,
        run_id: str,
        *,
        version: VersionChoice | int = VersionChoice.LIVE,
        force: bool = False,
    ) -> Run:
        """Begin the next attempt of a run; returns the run with the time at which that is due.

        Args:
            tenant: the caller's.
            run_id: of a run that has ended.
            version: which version runs.
            force: whether a run that has succeeded is run again, too.

        Raises:
            NotFound: code `run_not_found`: the tenant has no such run; or `version_not_found`.
            Conflict: the run is under way, or has succeeded, or has changed meanwhile; its event
                has expired; its function or the version cannot run.
        """
        run = self.runs.find(run_id)
        if run is None or run.tenant != tenant:
            raise NotFound("no such run", code="run_not_found")
        _check_run(run, force=force)
        pinned = rerun.pinned(run, version) if isinstance(version, VersionChoice) else version
        self._check_function(run, pinned, same=version is VersionChoice.SAME)
        match self.run_again({run.id: (run, pinned)}, replay_id=None)[run.id]:
            case Run() as begun:
                return begun
            case NotBegun.EXPIRED:
                raise Conflict(
                    f"the event {run.event_id} is not kept any more; send it again under its own id"
                    " from where it came",
                    code="event_expired",
                )
            case NotBegun.CHANGED:
                raise Conflict("has changed meanwhile; look again", code="run_changed")

    def _check_function(self, run: Run, version: int | None, *, same: bool) -> None:
        readiness.check(self.functions.find(run.tenant, run.function), version=version)
        if version is None:
            return
        stored = self._existing(run, version)
        if same and not rerun.has_run(run, stored):
            raise Conflict(
                f"version {version} of {run.function} is not the one that it ran with: the function"
                " was removed and created anew since; name a version, or live",
                code="version_deleted",
            )

    def _existing(self, run: Run, version: int) -> FunctionVersion:
        try:
            stored = self.functions.get_version(run.tenant, run.function, version=version)
        except NotFound as problem:
            raise NotFound(
                f"{run.function} has no version {version}; name another, or live",
                code="version_not_found",
            ) from problem
        if stored.deleted_at is not None:
            raise Conflict(
                f"version {version} of {run.function} was deleted; name another, or live",
                code="version_deleted",
            )
        return stored


def _check_run(run: Run, *, force: bool) -> None:
    if run.due_at_ms is not None:
        raise Conflict("is under way already; its next attempt is due", code="run_pending")
    if not run.outcome.failed and not force:
        raise Conflict(
            "has succeeded; to run it again applies its profile changes once more: say force if you"
            " want that",
            code="run_succeeded",
        )
