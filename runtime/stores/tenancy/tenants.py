"""Stores the list of tenants."""

from dataclasses import dataclass
from typing import Final

from runtime.core.page import Page
from runtime.errors import Conflict
from runtime.stores.tables import codec, keys
from runtime.stores.tables.config import Config

FRESH_S: Final = 60.0  # how long a warm worker may take to learn of a second tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenants:
    """The tenants of this installation."""

    config: Config

    def add(self, tenant: str, *, created_at: str) -> None:
        """List a new tenant.

        Raises:
            Conflict: code `tenant_exists`.
        """
        if not self._put(tenant, created_at):
            raise Conflict("this tenant exists already", code="tenant_exists")

    def ensure(self, tenant: str, *, created_at: str) -> None:
        """List a tenant unless it is listed already."""
        self._put(tenant, created_at)  # if it is listed already, all is well

    def holds(self, tenant: str) -> bool:
        """Whether there is such a tenant."""
        return self.config.table.get({"pk": keys.TENANTS, "sk": tenant}) is not None

    def are_several(self) -> bool:
        """Whether there are two or more."""
        return len(self.list(limit=2).items) > 1

    def list(self, *, after: str | None = None, limit: int = 50) -> Page[str]:
        """Tenants by name."""
        query = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": codec.key({":pk": keys.TENANTS}),
            "ConsistentRead": True,
        }
        if after is not None:
            query["ExclusiveStartKey"] = codec.key({"pk": keys.TENANTS, "sk": after})
        return self.config.table.page(
            query,
            lambda item: str(item["sk"]["S"]),
            limit=limit,
            position=lambda item: str(item["sk"]["S"]),
        )

    def _put(self, tenant: str, created_at: str) -> bool:
        item = codec.key({"pk": keys.TENANTS, "sk": tenant, "created_at": created_at})
        return self.config.table.put_if(item, "attribute_not_exists(pk)")
