"""Show one profile of the caller's tenant."""

from dataclasses import dataclass
from typing import Protocol

from runtime.core.profiles.profile import Profile
from runtime.errors import NotFound


class Profiles(Protocol):
    """Stores profiles."""

    def find(self, tenant: str, profile_id: str) -> Profile | None:
        """The profile, deleted or not; None if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowProfile:
    """Shows profiles."""

    profiles: Profiles

    def __call__(self, tenant: str, profile_id: str) -> Profile:
        """The profile.

        Raises:
            NotFound: code `profile_not_found`: there is none, or it is deleted or erased.
        """
        profile = self.profiles.find(tenant, profile_id)
        if profile is None or profile.is_gone:
            raise NotFound("no such profile", code="profile_not_found")
        return profile
