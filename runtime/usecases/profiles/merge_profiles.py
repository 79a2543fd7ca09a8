"""Merge two profiles, and part them again, as a caller asks."""

from dataclasses import dataclass, field
from typing import Protocol

from runtime.core.profiles import unmerge
from runtime.core.profiles.profile import Profile
from runtime.core.profiles.unmerge import Parting
from runtime.errors import Conflict, NotFound, Transient
from runtime.races import Races
from runtime.usecases.profiles.ports import People, store


class Partings(Protocol):
    """Reads what it takes to part profiles."""

    def parting(self, tenant: str, profile_id: str) -> Parting | None:
        """What it takes to part a profile from the one it was merged into; None if it is not."""

    def find(self, tenant: str, profile_id: str) -> Profile | None:
        """The profile, deleted or not; None if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeProfiles:
    """Merges two profiles of one person."""

    people: People
    races: Races = field(default_factory=Races)

    def __call__(self, tenant: str, one_id: str, other_id: str, *, cause: str) -> Profile:
        """Merge two profiles; the older id survives, and the other leads to it from then on.

        Raises:
            NotFound: code `profile_not_found`.
            Conflict: code `same_profile`, `profile_erased`, or `merge_refused`: a rule of identity
                forbids it.
            Transient: code `profile_busy`: one of them keeps changing.
        """
        for _ in self.races:
            draft = self.people.draft_of(tenant, ids=[one_id, other_id])
            one, other = draft.profile(one_id), draft.profile(other_id)
            if one.erased_at is not None or other.erased_at is not None:
                raise Conflict("one of the two was erased", code="profile_erased")
            if one.is_gone or other.is_gone:
                raise NotFound("no such profile", code="profile_not_found")
            if one.id == other.id:
                raise Conflict("both ids are of one profile", code="same_profile")
            survivor = draft.merge(one.id, other.id, cause=cause)
            if store(self.people, draft):
                return draft.profile(survivor)
        raise Transient("a profile keeps changing", code="profile_busy")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergeProfile:
    """Parts a profile from the one that it was merged into."""

    people: People
    profiles: Partings
    races: Races = field(default_factory=Races)

    def __call__(self, tenant: str, profile_id: str) -> Profile:
        """Part a profile by the id that was merged away; returns it, standing alone again.

        Raises:
            NotFound: code `profile_not_found`, or `merge_expired`: retention is over.
            Conflict: code `not_merged`, `profile_erased`, or `merged_again`: the survivor was
                merged into another.
            Transient: code `profile_busy`: one of them keeps changing.
        """
        for _ in self.races:
            parting = self.profiles.parting(tenant, profile_id)
            if parting is None:
                self._refuse(tenant, profile_id)
            elif parting.whole.erased_at is not None:
                raise Conflict("the person was erased", code="profile_erased")
            else:
                change = unmerge.parted(parting, derive=self.people.derive(tenant))
                if self.people.commit(change):
                    return next(each for _, each in change.profiles if each.id == profile_id)
        raise Transient("a profile keeps changing", code="profile_busy")

    def _refuse(self, tenant: str, profile_id: str) -> None:
        if self.profiles.find(tenant, profile_id) is None:
            raise NotFound("no such profile", code="profile_not_found")
        raise Conflict("the profile is not merged into another", code="not_merged")
