"""Show everything that is kept of one person, page by page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol

from runtime.core.deliveries.delivery import Delivery
from runtime.core.events.envelope import Event
from runtime.core.functions.run import Run
from runtime.core.functions.selection import RunSelection
from runtime.core.ids import Key
from runtime.core.json_text import dump
from runtime.core.page import Page
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.profile import Profile
from runtime.core.timeline.entry import Entry, EntryKind, Selection
from runtime.errors import NotFound
from runtime.usecases.ports import TimelinePages

# Half of the 6 MB that a Lambda may answer; a single part may be larger, and comes alone.
MAX_PAGE_BYTES: Final = 3 * 1024 * 1024
# How a run and a delivery are made is no data of the person, nor is where a store keeps them.
_INTERNAL: Final = frozenset({"body_at", "left_at", "page", "due_at_ms", "hinted", "turn_at_ms"})


class PartKind(StrEnum):
    """What a part is."""

    PROFILE = "profile"
    TIMELINE = "timeline"  # an entry of the person's timeline
    EVENT = "event"
    DELIVERY = "delivery"
    RUN = "run"


class Part(NamedTuple):
    """One record of the person."""

    kind: PartKind
    record: Mapping[str, Any]  # JSON


class Profiles(Protocol):
    """Stores profiles."""

    def find(self, tenant: str, profile_id: str, /) -> Profile | None:
        """The profile that the id leads to, deleted or not; None if there is none."""


class Events(Protocol):
    """Keeps events."""

    def find_many(self, event_keys: Iterable[Key], /) -> Mapping[Key, Event]:
        """Those of the events that are kept, by key."""


class Records(Protocol):
    """Finds the deliveries of events."""

    def deliveries_of(self, tenant: str, event_ids: Sequence[str], /) -> Iterator[Delivery]:
        """The deliveries of these events that have a record."""


class Runs(Protocol):
    """Stores runs."""

    def list(
        self, tenant: str, selection: RunSelection, /, *, after: str | None = None, limit: int = 50
    ) -> Page[Run]:
        """A page of the runs about a profile."""

    def open(self, run: Run, /) -> Run:
        """The run with its output and effects.

        Raises:
            NotFound: code `body_expired`.
        """


class Deliveries(Protocol):
    """Stores deliveries."""

    def open(self, delivery: Delivery, /) -> Delivery:
        """The delivery with its body.

        Raises:
            NotFound: code `body_expired`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSubject:
    """Shows a person's data: the profile, the timeline with events and deliveries, then runs."""

    profiles: Profiles
    timelines: TimelinePages
    events: Events
    records: Records
    deliveries: Deliveries
    runs: Runs

    def __call__(
        self, tenant: str, profile_id: str, *, after: str | None = None, limit: int = 50
    ) -> Page[Part]:
        """A page of what is kept of the person; it may be short, and not the last.

        Args:
            tenant: the caller's.
            profile_id: of the person's profile, or of one that was merged into it.
            after: the position after which to go on; None at the beginning.
            limit: at most so many entries of the timeline, or runs.

        Raises:
            NotFound: code `profile_not_found`: there is none, or the person is erased.
        """
        profile = self.profiles.find(tenant, profile_id)
        if profile is None or profile.erased_at is not None:
            raise NotFound("no such profile", code="profile_not_found")
        ids = tuple(sorted({profile.id, *profile.merged_ids, *profiles.begun_ids(profile)}))
        if after is None:
            parts = (Part(PartKind.PROFILE, _of_profile(profile)),)
            return Page(items=parts, after="t ")
        stage, _, position = after.partition(" ")
        if stage == "t":
            return self._timeline(tenant, ids, position or None, limit=limit)
        return self._runs(tenant, ids, int(stage) if stage.isdecimal() else 0, position or None)

    def _timeline(
        self, tenant: str, ids: Sequence[str], after: str | None, *, limit: int
    ) -> Page[Part]:
        page = self.timelines.page(tenant, ids, Selection(), after=after, limit=limit)
        parts, room, reached = list[Part](), MAX_PAGE_BYTES, after
        for entry in page.items:
            more = list(self._of_entry(tenant, entry))
            room -= sum(len(dump(part.record).encode()) for part in more)
            if parts and room < 0:
                return Page(items=tuple(parts), after=f"t {reached}")
            parts += more
            reached = entry.place
        following = "0 " if page.after is None else f"t {page.after}"
        return Page(items=tuple(parts), after=following)

    def _of_entry(self, tenant: str, entry: Entry) -> Iterator[Part]:
        yield Part(PartKind.TIMELINE, _json(entry))
        if entry.kind is not EntryKind.EVENT:
            return
        key = Key(tenant, entry.id)
        event = self.events.find_many([key]).get(key)
        if event is not None:
            yield Part(PartKind.EVENT, event.to_json())
        for delivery in self.records.deliveries_of(tenant, [entry.id]):
            yield Part(PartKind.DELIVERY, _json(_opened(self.deliveries, delivery)))

    def _runs(self, tenant: str, ids: Sequence[str], number: int, after: str | None) -> Page[Part]:
        if number >= len(ids):  # a cursor may be forged
            return Page(items=())
        page = self.runs.list(tenant, RunSelection(profile_id=ids[number]), after=after, limit=3)
        parts = tuple(Part(PartKind.RUN, _json(_opened(self.runs, run))) for run in page.items)
        if page.after is not None:
            return Page(items=parts, after=f"{number} {page.after}")
        return Page(items=parts, after=f"{number + 1} " if number + 1 < len(ids) else None)


def _opened(store: Any, record: Any) -> Any:
    try:
        return store.open(record)
    except NotFound:  # what was stored apart has expired, and the record goes without
        return record


def _of_profile(profile: Profile) -> Mapping[str, Any]:
    names = [{"kind": each.kind, "value": each.value} for each in profile.held_names]
    kept = {**_json(profile), "properties": profile.shown_properties, "names": names}
    return {name: value for name, value in kept.items() if name not in ("derived", "erased_at")}


def _json(record: Any) -> Mapping[str, Any]:
    return {name: value for name, value in asdict(record).items() if name not in _INTERNAL}
