"""Find one profile of the caller's tenant by a name of the person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from runtime.core.profiles import profile as profiles
from runtime.core.profiles.profile import Profile
from runtime.errors import BadInput


class Profiles(Protocol):
    """Stores profiles."""

    def find(self, tenant: str, profile_id: str) -> Profile | None:
        """The profile, deleted or not; None if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindProfile:
    """Finds profiles by the name that their id is made of."""

    profiles: Profiles

    def __call__(self, tenant: str, identifiers: Mapping[str, str]) -> Profile | None:
        """The profile of the events whose strongest identifier this is; None when there is none.

        An event that names an `external_id` is about the profile of that, whatever e-mail address
        it names besides.

        Args:
            tenant: the caller's.
            identifiers: exactly one of `external_id`, `email` and `phone`.

        Raises:
            BadInput: code `not_one_identifier`.
        """
        profile_id = profiles.id_by(tenant, identifiers)
        if profile_id is None or len(identifiers) > 1:
            raise BadInput(
                f"give exactly one of {', '.join(profiles.IDENTIFIERS)}", code="not_one_identifier"
            )
        profile = self.profiles.find(tenant, profile_id)
        return None if profile is None or profile.deleted else profile
