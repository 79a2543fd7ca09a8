"""Run a function on one event that somebody chose."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from runtime.core import ids
from runtime.core.events import submitted
from runtime.core.events.envelope import Event
from runtime.core.functions import readiness
from runtime.core.functions.messages import RunMessage
from runtime.core.functions.rerun import VersionChoice
from runtime.core.functions.run import Run
from runtime.errors import Conflict
from runtime.usecases.functions import ports
from runtime.usecases.functions.retry_run import RetryRun
from runtime.usecases.ports import Hints


class Runs(Protocol):
    """Stores runs."""

    def find(self, run_id: str) -> Run | None:
        """One run of any tenant, or None."""


class Events(Protocol):
    """Keeps events for the retention."""

    def find(self, tenant: str, event_id: str) -> Event | None:
        """The event; None when there is none, or it has expired."""

    def put(self, events: Iterable[Event]) -> None:
        """Keep events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An attempt that was asked for."""

    run_id: str
    attempt: int  # from 1


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokeFunction:
    """Asks for the run of a function on an event."""

    functions: ports.Versioned
    runs: Runs
    events: Events
    hints: Hints[RunMessage]
    retry: RetryRun

    def __call__(
        self, tenant: str, name: str, event: Event, *, version: int | None, force: bool
    ) -> Asked:
        """Keep the event, and ask for its run; returns the attempt that was asked for.

        Nobody else gets the event. A function that has run it already runs it again: that is the
        next attempt of the same run.

        Args:
            tenant: the caller's.
            name: the function's.
            event: the event.
            version: which version runs; None: the live one, or the canary on its share.
            force: whether a run that has succeeded is made again, too.

        Raises:
            NotFound: there is no such function or version.
            Conflict: the function or the version cannot run now; another event is kept under the
                same id (code `event_exists`); or its run cannot be made again, for example because
                it has succeeded (code `run_succeeded`).
            Transient: the event may be kept, but its run was not asked for; try again.
        """
        function = self.functions.get(tenant, name)
        readiness.check(function, version=version)
        if version is not None:
            ports.existing(self.functions, function, version=version)
        kept = self.events.find(tenant, event.id)
        if kept is not None and not submitted.is_same(event, kept):
            raise Conflict(
                f"another event is kept under the id {event.id}; leave the id out, or choose one",
                code="event_exists",
            )
        run_id = ids.run_id(tenant, event.id, name)
        if self.runs.find(run_id) is not None:
            choice = VersionChoice.LIVE if version is None else version
            run = self.retry(tenant, run_id, version=choice, force=force)
            return Asked(run_id=run_id, attempt=run.attempt + 1)
        if kept is None:
            self.events.put([event])
        message = RunMessage(
            tenant=tenant,
            run_id=run_id,
            function=name,
            event=(kept or event).to_json(),
            version=version,
        )
        self.hints.send([message])
        return Asked(run_id=run_id, attempt=message.attempt)
