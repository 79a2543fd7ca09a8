"""Do what follows from each committed change of a profile."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from runtime.core.ids import Key
from runtime.core.profiles import profile_change
from runtime.core.profiles.profile import Profile
from runtime.core.profiles.profile_change import ProfileChange
from runtime.core.timeline import changes as timeline_changes
from runtime.usecases.ports import Bus, TimelineEntries


class Erasures(Protocol):
    """Knows who was erased."""

    def of_profiles(self, profile_keys: Iterable[Key], /) -> set[Key]:
        """Those of the profiles whose person was erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowProfiles:
    """Archives changed profiles, writes their timelines, and tells of merges."""

    archive: Callable[[Sequence[Profile]], object]
    timelines: TimelineEntries
    erasures: Erasures
    bus: Bus

    def __call__(self, changes: Sequence[ProfileChange]) -> None:
        """Follow these changes; to follow them again does no harm.

        Of a person who was erased since, nothing but the erasure is followed.

        Raises:
            Transient: something was not done; pass the same changes again.
        """
        gone = self.erasures.of_profiles(Key(each.after.tenant, each.after.id) for each in changes)
        changes = [
            each
            for each in changes
            if each.after.erased_at is not None or Key(each.after.tenant, each.after.id) not in gone
        ]
        self.archive([_snapshot(change) for change in changes])
        self.timelines.put(
            entry for change in changes for entry in timeline_changes.entries(change)
        )
        notices = (profile_change.notice(change) for change in changes)
        self.bus.put([notice for notice in notices if notice is not None])


def _snapshot(change: ProfileChange) -> Profile:
    """The profile as the warehouse gets it; a redirect has no time of its own."""
    if change.after.updated_at:
        return change.after
    return replace(change.after, updated_at=change.at)
