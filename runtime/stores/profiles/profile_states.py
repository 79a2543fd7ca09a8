"""Profiles exactly as their records stand: redirects and erased ones are not looked through."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from runtime.core.archive.reconciliation import IdRange
from runtime.core.profiles.profile import Profile
from runtime.stores.profiles import items
from runtime.stores.tables import codec, keys
from runtime.stores.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileStates:
    """The records of profiles."""

    table: Table

    def revisions(self, tenant: str, part: IdRange) -> Iterator[tuple[str, int]]:
        """The id and the revision of each of the tenant's profiles in a part of all ids."""
        query: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": codec.key(
                {":pk": keys.tenant(tenant), ":first": part.first, ":last": part.last}
            ),
            "ProjectionExpression": "sk, revision",
        }
        for item in self.table.query(query):
            yield str(codec.value(item["sk"])), int(codec.value(item["revision"]))

    def now(self, tenant: str, profile_ids: Iterable[str]) -> list[Profile]:
        """These profiles as they stand now (strong read); those that are none are left out."""
        wanted = [{"pk": keys.tenant(tenant), "sk": each} for each in profile_ids]
        return [items.profile(item) for item in self.table.get_many(wanted)]
