"""Do one page of the erasure of a person."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from runtime.core.erasure import erasure
from runtime.core.erasure.erasure import Place, Stage
from runtime.core.functions.run import Run
from runtime.core.functions.selection import RunSelection
from runtime.core.jobs import job as jobs
from runtime.core.jobs.job import Job
from runtime.core.page import Page
from runtime.core.timeline.entry import EntryKind, Selection
from runtime.core.timestamps import timestamp
from runtime.errors import Permanent
from runtime.usecases.erasure.erase_events import Erased
from runtime.usecases.erasure.erase_files import FilesPage
from runtime.usecases.ports import TimelinePages

PAGE: Final = 25  # events; with 100 subscribers they are 2,500 runs and as many deliveries to read
_OF_EVENTS: Final = Selection(kinds=frozenset({EntryKind.EVENT, EntryKind.REFUSAL}))


class Merges(Protocol):
    """Keeps profiles as they stood before they were merged."""

    def forget(self, tenant: str, profile_ids: Iterable[str], /) -> int:
        """Delete what is kept of the merges of these profiles; returns how many items."""


class Timelines(TimelinePages, Protocol):
    """Stores the timelines of profiles."""

    def forget(self, tenant: str, profile_id: str, /) -> int:
        """Delete a profile's timeline; returns how many entries there were."""


class Runs(Protocol):
    """Lists runs."""

    def list(
        self, tenant: str, selection: RunSelection, /, *, after: str | None = None, limit: int = 50
    ) -> Page[Run]:
        """A page of the runs about a profile."""


class Files(Protocol):
    """Files of many people: the raw log, the discards, the lake, or its copies."""

    def __call__(self, tenant: str, profile_ids: Sequence[str], /, *, after: str) -> FilesPage:
        """Take rows of these profiles out of the files behind a place, as many as a page does."""


class Warehouses(Protocol):
    """The warehouses that the tenant's syncs load."""

    def erase(
        self, tenant: str, profile_ids: Sequence[str], /, *, request_id: str, now: str
    ) -> Mapping[str, int]:
        """Delete the rows of these profiles, and keep them from ever coming back.

        Returns in how many schemas it was done, and how many rows of each table there were.

        Raises:
            Transient: a warehouse did not do it.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasePage:
    """The step of an erasure. Each page may be done again, and its counts are what it has found."""

    merges: Merges
    timelines: Timelines
    runs: Runs
    erase_events: Callable[[str, Sequence[str]], Erased]
    warehouses: Warehouses
    files: Mapping[Stage, Files]  # by the stage that goes through them
    clock: Callable[[], datetime]
    # How long after the first look everything is looked at again: longer than any worker is at
    # work on what it took in before.
    second_look_s: int

    def __call__(self, job: Job) -> Job:
        """Do the page at which the job stands; returns the job after it.

        Raises:
            Transient: the page was not done to its end; do it again.
        """
        place = Place.parse(job.cursor)
        match place.stage:
            case Stage.MERGES:
                ids = erasure.ids_of_merges(job)
                return self._next(job, {"merges": self.merges.forget(job.tenant, ids)})
            case Stage.EVENTS | Stage.EVENTS_AGAIN:
                return self._events(job, place)
            case Stage.RUNS | Stage.RUNS_AGAIN:
                return self._runs(job, place)
            case Stage.TIMELINE:
                ids = erasure.profile_ids(job)
                count = sum(self.timelines.forget(job.tenant, each) for each in ids)
                return self._next(job, {"timeline_entries": count})
            case Stage.WAREHOUSE:
                return self._warehouse(job)
            case Stage.RAW_LOG | Stage.DISCARDS | Stage.LAKE | Stage.OWN_BUCKETS:
                return self._files(job, place)

    def _events(self, job: Job, place: Place) -> Job:
        page = self.timelines.page(
            job.tenant,
            erasure.profile_ids(job),
            _OF_EVENTS,
            after=place.position or None,
            limit=PAGE,
        )
        event_ids = [
            each.id if each.kind is EntryKind.EVENT else each.event_id or "" for each in page.items
        ]
        return self._erased(job, place, event_ids, after=page.after)

    def _runs(self, job: Job, place: Place) -> Job:
        number, _, after = place.position.partition(" ")
        ids = erasure.profile_ids(job)
        profile_id = ids[int(number or 0)]
        page = self.runs.list(
            job.tenant, RunSelection(profile_id=profile_id), after=after or None, limit=PAGE
        )
        event_ids = [run.event_id for run in page.items]
        if page.after is not None:
            following: str | None = f"{number or 0} {page.after}"
        else:
            at = int(number or 0) + 1
            following = str(at) if at < len(ids) else None
        return self._erased(job, place, event_ids, after=following)

    def _erased(
        self, job: Job, place: Place, event_ids: Sequence[str], *, after: str | None
    ) -> Job:
        erased = self.erase_events(job.tenant, list(dict.fromkeys(event_ids)))
        counts = dict(erased.counts)
        if place.stage.is_second_look:
            counts = {"late_records": sum(counts.values())}
        # An id that is new sorts among the others, and the stage of the runs counts them: so it is
        # added only before that stage begins.
        if place.stage is Stage.EVENTS:
            job = erasure.with_ids(job, erased.profile_ids)
        if after is None:
            return self._next(job, counts, done=len(event_ids))
        here = replace(place, position=after)
        return self._advanced(job, counts, cursor=str(here), done=len(event_ids))

    def _warehouse(self, job: Job) -> Job:
        ids = erasure.profile_ids(job)
        counts = self.warehouses.erase(job.tenant, ids, request_id=job.id, now=job.created_at)
        return self._next(job, counts)

    def _files(self, job: Job, place: Place) -> Job:
        ids = erasure.profile_ids(job)
        page = self.files[place.stage](job.tenant, ids, after=place.position)
        counts = {f"{place.stage}_files": page.files, f"{place.stage}_rows": page.rows}
        job = replace(job, faults=(*job.faults, *page.faults)[: jobs.MAX_FAULTS])
        if page.after is None and job.faults:
            # Who asks once more, when the owner has done what the fault says, begins here.
            cursor = str(Place(stage=place.stage))
            return self._failed(self._advanced(job, counts, cursor=cursor, done=0))
        if page.after is None:
            return self._next(job, counts)
        cursor = str(replace(place, position=page.after))
        after = self._advanced(job, counts, cursor=cursor, done=0)
        if not page.wait_s:
            return after
        return replace(after, due_at_ms=int((self.clock().timestamp() + page.wait_s) * 1000))

    def _failed(self, job: Job) -> Job:
        first = job.faults[0]
        problem = Permanent(f"files of the sync {first.subject}: {first.message}", code=first.code)
        return jobs.failed(job, problem, now=timestamp(self.clock()))

    def _next(self, job: Job, counts: Mapping[str, int], *, done: int = 0) -> Job:
        """The job at the stage after its present one; done after the last."""
        following = Place.parse(job.cursor).stage.following
        cursor = None if following is None else str(Place(stage=following))
        after = self._advanced(job, counts, cursor=cursor, done=done)
        if following is Stage.EVENTS_AGAIN:
            due_ms = int((self.clock().timestamp() + self.second_look_s) * 1000)
            return replace(after, due_at_ms=due_ms)
        return after

    def _advanced(
        self, job: Job, counts: Mapping[str, int], *, cursor: str | None, done: int
    ) -> Job:
        return jobs.advanced(
            job, done=done, counts=counts, cursor=cursor, now=timestamp(self.clock())
        )
