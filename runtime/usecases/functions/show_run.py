"""Show one run of a function of the caller's tenant."""

from dataclasses import dataclass
from typing import Protocol

from runtime.core.functions.run import Run
from runtime.errors import NotFound


class Runs(Protocol):
    """Where runs rest."""

    def find(self, run_id: str) -> Run | None:
        """One run of any tenant, or None."""

    def open(self, run: Run, /) -> Run:
        """The run with its output; raises NotFound when that is not kept any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRun:
    """Shows runs."""

    runs: Runs

    def __call__(self, tenant: str, function: str, *, run_id: str) -> Run:
        """The run; without its output when that is not kept any more.

        Raises:
            NotFound: code `run_not_found`; another tenant's looks the same as none.
        """
        run = self.runs.find(run_id)
        if run is None or (run.tenant, run.function) != (tenant, function):
            raise NotFound("this function has no such run", code="run_not_found")
        try:
            return self.runs.open(run)
        except NotFound:  # how it ended is still worth telling
            return run
