"""What is to be stored about people: profiles and where their names lead, all of it or nothing."""

from dataclasses import dataclass
from typing import NamedTuple

from runtime.core.profiles.names import Name
from runtime.core.profiles.profile import Profile


class Merge(NamedTuple):
    """Two profiles as they stood before they were merged, for an un-merge."""

    into: Profile
    loser: Profile
    cause: str  # what merged them: an event's id, or `key:…` with an API key's id


class NameMove(NamedTuple):
    """A name that is to lead to another profile."""

    name: Name
    was: str | None  # the profile that it leads to; None for a new name
    to: str | None  # the profile that it is to lead to; None to free it


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be stored in one transaction: all of it, or nothing."""

    tenant: str
    # The profiles to write, by the revision that was read of each: 0 for a new one.
    profiles: tuple[tuple[int, Profile], ...] = ()
    moves: tuple[NameMove, ...] = ()
    merges: tuple[Merge, ...] = ()


class Erased(NamedTuple):
    """What a name leads to whose person was erased."""

    at: str  # ISO 8601
    profile_id: str  # of the tombstone


Holder = Profile | Erased
