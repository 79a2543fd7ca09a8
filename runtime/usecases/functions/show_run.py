"""Show one run of the caller's tenant."""

from dataclasses import dataclass
from typing import Protocol

from runtime.core.functions.run import Run
from runtime.errors import NotFound


class Runs(Protocol):
    """Stores runs."""

    def find(self, run_id: str) -> Run | None:
        """One run of any tenant, or None."""

    def open(self, run: Run, /) -> Run:
        """The run with its output.

        Raises:
            NotFound: the output has expired.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRun:
    """Shows runs."""

    runs: Runs

    def __call__(self, tenant: str, *, run_id: str, function: str | None = None) -> Run:
        """The run, without its output if the output has expired.

        Args:
            tenant: the caller's.
            run_id: the run's id.
            function: the function that the run is to be of; None for any.

        Raises:
            NotFound: code `run_not_found`: there is no such run.
        """
        run = self.runs.find(run_id)
        if run is None or run.tenant != tenant or function not in (None, run.function):
            raise NotFound("there is no such run", code="run_not_found")
        try:
            return self.runs.open(run)
        except NotFound:  # the outcome can be shown all the same
            return run
