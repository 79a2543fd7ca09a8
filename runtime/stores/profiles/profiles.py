"""Stores profiles; a writer names the revision that it has read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from runtime.core.ids import Key
from runtime.core.profiles.profile import Profile
from runtime.stores.profiles import items
from runtime.stores.tables import codec, keys
from runtime.stores.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """Profiles by tenant and id."""

    table: Table

    def find(self, tenant: str, profile_id: str) -> Profile | None:
        """The profile as it stands now (strong read), deleted or not; None when unknown."""
        item = self.table.get({"pk": keys.tenant(tenant), "sk": profile_id})
        return None if item is None else items.profile(item)

    def find_many(self, profile_keys: Iterable[Key]) -> dict[Key, Profile]:
        """Those of the profiles that exist, strongly read."""
        each = [
            {"pk": keys.tenant(key.tenant), "sk": key.id} for key in dict.fromkeys(profile_keys)
        ]
        profiles = map(items.profile, self.table.get_many(each))
        return {Key(profile.tenant, profile.id): profile for profile in profiles}

    def replace(self, profile: Profile, *, read_revision: int) -> bool:
        """Store a changed profile; False when another writer came first.

        `read_revision` is 0 for a profile that was not there.
        """
        return self.table.try_to(
            lambda: self.table.client.put_item(**self.write(profile, read_revision=read_revision))
        )

    def write(self, profile: Profile, *, read_revision: int) -> Any:
        """The write that `replace` makes, for a transaction to contain."""
        item = {
            **items.profile_item(profile),
            **codec.key({"pk": keys.tenant(profile.tenant), "sk": profile.id}),
        }
        if read_revision == 0:
            return self.table.put(item, "attribute_not_exists(pk)")
        return self.table.put(item, "revision = :read", read=read_revision)
