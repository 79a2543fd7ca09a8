"""Lists the profiles of a tenant, page by page."""

from dataclasses import dataclass
from typing import Any

from runtime.core.page import Page
from runtime.core.profiles.profile import Profile
from runtime.stores.profiles import items
from runtime.stores.tables import codec, keys
from runtime.stores.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePages:
    """Profiles in the order of their ids, most of which are hashes."""

    table: Table

    def page(self, tenant: str, *, after: str | None, limit: int) -> Page[Profile]:
        """Some live profiles behind this position; others are left out, so it may be short."""
        query: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": codec.key({":pk": keys.tenant(tenant)}),
            "ConsistentRead": True,
            "Limit": limit,
        }
        if after is not None:
            query["ExclusiveStartKey"] = codec.key({"pk": keys.tenant(tenant), "sk": after})
        read, last = self.table.look(query)
        return Page(
            items=tuple(profile for profile in map(items.profile, read) if _is_live(profile)),
            after=None if last is None else str(last["sk"]["S"]),
        )


def _is_live(profile: Profile) -> bool:
    gone = profile.deleted or profile.merged_into is not None or profile.erased_at is not None
    return not gone
