"""A committed change of a profile, and what is told about it."""

from dataclasses import dataclass

from runtime.core import ids
from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.profiles.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChange:
    """A profile as it stood before and after one write."""

    before: Profile | None  # None for a new profile
    after: Profile
    at: str  # when it was written, ISO 8601; as the table's stream says, to the second or better

    @property
    def is_restored(self) -> bool:
        """Whether the profile was put back out of a backup: what it tells of was told long ago.

        Each write of ours raises the revision by one, from 0 where there was nothing.
        """
        if self.before is None:
            return self.after.revision > 1
        return self.after.revision <= self.before.revision


def notice(change: ProfileChange) -> Event | None:
    """What the tenant is told of the change: that a profile was merged, or its person erased.

    Its id follows from the write, so the same change makes the same event again.
    """
    if change.is_restored:
        return None
    after = change.after
    if after.erased_at is not None:
        return _erased(change, at=after.erased_at)
    was_redirect = change.before is not None and change.before.merged_into is not None
    if after.merged_into is None or was_redirect:
        return None
    return Event(
        id=ids.derive("evt", "profile.merged", after.tenant, after.id, str(after.revision)),
        tenant=after.tenant,
        topic="profile.merged",
        occurred_at=change.at,
        received_at=change.at,
        origin="system",
        profile=ProfileRef(id=after.merged_into),
        properties={"from": after.id, "into": after.merged_into},
    )


def _erased(change: ProfileChange, *, at: str) -> Event | None:
    """The event by which receivers can follow an erasure; it has ids, and no name.

    It is about nobody: events about an erased person are dropped.
    """
    after = change.after
    if change.before is not None and change.before.erased_at is not None:
        return None
    return Event(
        id=ids.derive("evt", "profile.erased", after.tenant, after.id),
        tenant=after.tenant,
        topic="profile.erased",
        occurred_at=at,
        received_at=at,
        origin="system",
        profile=ProfileRef(),
        properties={"profile_id": after.id, "merged_ids": list(after.merged_ids)},
    )
