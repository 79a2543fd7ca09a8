"""Update profiles with the events about them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from runtime.core.events.envelope import Event
from runtime.core.ids import Key
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.profile import Profile
from runtime.errors import BadInput, Transient
from runtime.races import Races


class Profiles(Protocol):
    """Stores profiles."""

    def find_many(self, profile_keys: Iterable[Key]) -> dict[Key, Profile]:
        """The profiles that exist, by key."""

    def replace(self, profile: Profile, *, read_revision: int) -> bool:
        """Store a changed profile; False when another writer came first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectProfiles:
    """Merges a batch of events into profiles, with one read for all and one write for each."""

    profiles: Profiles
    races: Races = field(default_factory=Races)

    def __call__(self, events: Sequence[Event]) -> list[Exception | None]:
        """Merge each event into its profile.

        Returns, for each event, None if it was merged or is about nobody, else its error.
        """
        by_profile: dict[Key, list[int]] = {}
        for number, event in enumerate(events):
            profile_id = profiles.id_of(event)
            if profile_id is not None:
                by_profile.setdefault(Key(event.tenant, profile_id), []).append(number)
        profiles_before = self.profiles.find_many(by_profile)
        results: list[Exception | None] = [None] * len(events)
        for key, numbers in by_profile.items():
            try:
                refusals = self._project(
                    key, [events[n] for n in numbers], profiles_before.get(key)
                )
            except Transient as problem:
                refusals = [problem] * len(numbers)
            for number, refusal in zip(numbers, refusals, strict=True):
                results[number] = refusal
        return results

    def _project(
        self, key: Key, events: Sequence[Event], current: Profile | None
    ) -> Sequence[Exception | None]:
        for _ in self.races:
            before = current or profiles.unknown(*key)
            after, refusals = _merge(before, events)
            if after is before:
                return refusals
            changed = profiles.stored(after)
            if self.profiles.replace(changed, read_revision=before.revision):
                return refusals
            current = self.profiles.find_many([key]).get(key)
        raise Transient("the profile keeps changing", code="profile_busy")


def _merge(before: Profile, events: Sequence[Event]) -> tuple[Profile, list[Exception | None]]:
    after = before
    refusals: list[Exception | None] = []
    for event in events:
        try:
            after = profiles.project(after, event)
        except BadInput as problem:
            refusals.append(problem)
        else:
            refusals.append(None)
    return after, refusals
