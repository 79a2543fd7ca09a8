"""Update profiles with the events about them, and join the names that an event gives together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from runtime.core.events.envelope import Event
from runtime.core.profiles import identity, names
from runtime.core.profiles.change import Erased
from runtime.core.profiles.identity import Draft, Projected
from runtime.core.profiles.names import Named
from runtime.core.timeline import entry as entries
from runtime.core.timeline.entry import Entry
from runtime.core.timestamps import moment
from runtime.errors import BadInput, Transient
from runtime.races import Races
from runtime.usecases.ports import Drafts, TimelineEntries
from runtime.usecases.profiles.ports import Writer, store

Outcome = Projected | Exception
# Longer than an erasure waits for its second look at everything.
IN_FLIGHT: Final = timedelta(minutes=10)


class People(Drafts, Writer, Protocol):
    """Finds the people whom events are about, and stores what changes about them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectProfiles:
    """Merges a batch of events into profiles: one read for all, one write for each person.

    Then it writes the events into the timelines of their people, with one write for all.
    """

    people: People
    timelines: TimelineEntries
    races: Races = field(default_factory=Races)

    def __call__(self, events: Sequence[Event]) -> list[Exception | None]:
        """Merge each event into its profile, and profiles that turn out to be one person's.

        Returns, for each event, None if it was merged or is about nobody, else its error.
        """
        outcomes: dict[int, Outcome] = {}
        by_tenant: dict[str, list[int]] = {}
        for number, event in enumerate(events):
            by_tenant.setdefault(event.tenant, []).append(number)
        for tenant, numbers in by_tenant.items():
            rules = self.people.rules(tenant)
            named = [(events[n], names.of(events[n].profile, rules)) for n in numbers]
            try:
                draft = self.people.draft(tenant, named)
            except Transient as problem:  # of this tenant's; the others' events go on
                outcomes |= dict.fromkeys(numbers, problem)
                continue
            for group in identity.groups(named, draft):
                results = self._group([named[n] for n in group], draft.alone())
                outcomes |= dict(zip((numbers[n] for n in group), results, strict=True))
        return self._told(events, [outcome for _, outcome in sorted(outcomes.items())])

    def _told(self, events: Sequence[Event], outcomes: Sequence[Outcome]) -> list[Exception | None]:
        """Write what came of the events into the timelines; returns each event's error.

        An event whose entry may be missing comes again, and its profile takes that as no news.
        """
        lost: Transient | None = None
        try:
            self.timelines.put(
                entry
                for event, outcome in zip(events, outcomes, strict=True)
                if isinstance(outcome, Projected)
                for entry in _entries(event, outcome)
            )
        except Transient as problem:
            lost = problem
        return [outcome if isinstance(outcome, Exception) else lost for outcome in outcomes]

    def _group(self, events: Sequence[tuple[Event, Named]], draft: Draft) -> Sequence[Outcome]:
        tenant = events[0][0].tenant
        try:
            for lost in self.races:
                if lost:
                    draft = self.people.draft(tenant, events, again=True)
                outcomes = self._projected(events, draft)
                if outcomes is not None:
                    return outcomes
        except Transient as problem:
            return [problem] * len(events)
        busy = Transient("the profile keeps changing", code="profile_busy")
        return [busy] * len(events)

    def _projected(
        self, events: Sequence[tuple[Event, Named]], draft: Draft
    ) -> list[Outcome] | None:
        """Project the events and store the draft; None when another writer came first."""
        outcomes: list[Outcome] = []
        for event, named in events:
            try:
                for outcome in draft.project(event, named):
                    if outcome is not None:
                        outcomes.append(outcome)
                    elif not draft.has_room() and not store(self.people, draft):
                        return None
            except BadInput as problem:
                outcomes.append(problem)
            if not draft.has_room() and not store(self.people, draft):
                return None
        return outcomes if store(self.people, draft) else None


def _entries(event: Event, projected: Projected) -> Iterator[Entry]:
    if projected.profile_id is not None:
        yield entries.of_event(event, projected.profile_id)
    if projected.erased is not None and _was_in_flight(event, projected.erased):
        yield entries.of_event(event, projected.erased.profile_id)
    yield from (entries.of_refusal(event, refusal) for refusal in projected.refusals)


def _was_in_flight(event: Event, erased: Erased) -> bool:
    """Whether the event may have been kept before the erasure was known: then that must find it.

    An entry has the event's id and nothing that it says.
    """
    return moment(event.received_at) < moment(erased.at) + IN_FLIGHT
