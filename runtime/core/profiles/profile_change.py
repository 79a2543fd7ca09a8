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


def notice(change: ProfileChange) -> Event | None:
    """What the tenant is told of the change: `profile.merged` of a profile that became a redirect.

    Its id follows from the write, so the same change makes the same event again.
    """
    after = change.after
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
