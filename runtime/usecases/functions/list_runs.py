"""List a tenant's runs.

The id of a run is a hash of the event and the subscriber: the function's name for a trigger, the
webhook's id for a transform. So the runs of one event are not looked up in an index: their ids are
computed from the tenant's functions and webhooks.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, Protocol

from runtime.core import ids
from runtime.core.functions.function import Function
from runtime.core.functions.run import Run
from runtime.core.functions.selection import RunSelection, merged
from runtime.core.page import Page
from runtime.core.webhooks.webhook import Webhook

MAX_LOOKS: Final = 10  # how many pages of subscribers are read for one page of an event's runs
SUBSCRIBERS: Final = 100  # as many runs as one request for records can take
PARALLEL: Final = 10  # functions whose runs are read at the same time
# The two stages of a listing by event; the first character of its cursor.
BY_FUNCTION, BY_WEBHOOK = "f", "w"


class Runs(Protocol):
    """Stores runs."""

    def find_many(self, run_ids: Iterable[str]) -> Mapping[str, Run]:
        """The runs that have a record, by id."""

    def list(
        self,
        tenant: str,
        selection: RunSelection,
        *,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[Run]:
        """A page of the runs of a function or about a profile, the newest first."""

    def position(self, run: Run) -> str:
        """Where a run stands in a listing, as `after` takes it."""


class Functions(Protocol):
    """Stores functions."""

    def list(self, tenant: str, *, after: str | None = None, limit: int = 50) -> Page[Function]:
        """A tenant's functions, by name."""


class Webhooks(Protocol):
    """Stores webhooks."""

    def list(self, tenant: str, *, after: str | None = None, limit: int = 50) -> Page[Webhook]:
        """A tenant's webhooks, by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRuns:
    """Lists runs."""

    runs: Runs
    functions: Functions
    webhooks: Webhooks

    def __call__(
        self, tenant: str, selection: RunSelection, *, after: str | None = None, limit: int = 50
    ) -> Page[Run]:
        """A page of runs, the newest first. A short or empty page need not be the last.

        For one event, those of triggers come before those of transforms.
        """
        if selection.event_id is not None:
            return self._of_event(tenant, selection, after=after, limit=limit)
        if selection.function is not None or selection.profile_id is not None:
            return self.runs.list(tenant, selection, after=after, limit=limit)
        return self._of_all(tenant, selection, after=after, limit=limit)

    def _of_all(
        self, tenant: str, selection: RunSelection, *, after: str | None, limit: int
    ) -> Page[Run]:
        each = [replace(selection, function=name) for name in self._names(tenant)]
        with ThreadPoolExecutor(max_workers=min(len(each), PARALLEL) or 1) as pool:
            pages = pool.map(
                lambda one: self.runs.list(tenant, one, after=after, limit=limit), each
            )
            return merged(list(pages), position=self.runs.position, limit=limit)

    def _names(self, tenant: str) -> list[str]:
        names: list[str] = []
        after: str | None = None
        while True:
            page = self.functions.list(tenant, after=after, limit=SUBSCRIBERS)
            names += [function.name for function in page.items]
            after = page.after
            if after is None:
                return names

    def _of_event(
        self, tenant: str, selection: RunSelection, *, after: str | None, limit: int
    ) -> Page[Run]:
        runs: list[Run] = []
        # A cursor may be forged, so its position may be empty.
        stage, place = (after[0], after[1:] or None) if after else (BY_FUNCTION, None)
        for _ in range(MAX_LOOKS):
            size = min(limit - len(runs), SUBSCRIBERS)
            subscribers, place = self._subscribers(
                tenant, selection, stage=stage, after=place, limit=size
            )
            run_ids = [ids.run_id(tenant, selection.event_id or "", each) for each in subscribers]
            runs += filter(selection.takes, self.runs.find_many(run_ids).values())
            if place is None and stage == BY_WEBHOOK:
                return Page(items=self._sorted(runs))
            stage = BY_WEBHOOK if place is None else stage
            if len(runs) == limit:
                break
        return Page(items=self._sorted(runs), after=stage + (place or ""))

    def _subscribers(
        self,
        tenant: str,
        selection: RunSelection,
        *,
        stage: str,
        after: str | None,
        limit: int,
    ) -> tuple[list[str], str | None]:
        """The next subscribers that may have run the event, and where to go on: None at the end."""
        if stage == BY_FUNCTION and selection.function is not None:
            return [selection.function], None
        if stage == BY_FUNCTION:
            functions = self.functions.list(tenant, after=after, limit=limit)
            return [function.name for function in functions.items], functions.after
        webhooks = self.webhooks.list(tenant, after=after, limit=limit)
        transformed = (each.id for each in webhooks.items if each.transform is not None)
        return list(transformed), webhooks.after

    def _sorted(self, runs: list[Run]) -> tuple[Run, ...]:
        return tuple(sorted(runs, key=self.runs.position, reverse=True))
