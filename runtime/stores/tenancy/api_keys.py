"""Stores API keys, as hashes, and the list of tenants."""

from dataclasses import dataclass

from runtime.core.page import Page
from runtime.core.tenancy.api_key import ApiKey
from runtime.errors import Conflict, NotFound
from runtime.stores.tables import codec, keys
from runtime.stores.tables.config import Config
from runtime.stores.tenancy import items


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeys:
    """Keys by hash, listed by tenant. Each is two items, written in one transaction."""

    config: Config

    def add(self, key: ApiKey) -> None:
        """Store a new key.

        Raises:
            Conflict: code `api_key_exists`.
        """
        item = items.api_key_item(key)
        by_hash = {"pk": {"S": keys.api_key_by_hash(key.sha256)}, "sk": {"S": keys.API_KEY}}
        lookup = self.config.table.put({**item, **by_hash}, "attribute_not_exists(pk)")
        listed = {**item, "sk": {"S": keys.api_key(key.sha256)}}
        self.config.add(key.tenant, listed, lookup, what="api_key")

    def find(self, sha256: str) -> ApiKey | None:
        """The key with this hash, strongly read, so that a deleted key ends at once."""
        item = self.config.table.get({"pk": keys.api_key_by_hash(sha256), "sk": keys.API_KEY})
        return None if item is None else items.api_key(item)

    def delete(self, tenant: str, sha256: str) -> None:
        """Delete a key.

        Raises:
            NotFound: code `api_key_not_found`.
        """
        if self.config.find(tenant, keys.api_key(sha256)) is None:
            raise NotFound("no such API key", code="api_key_not_found")
        lookup = self.config.table.delete(
            {"pk": keys.api_key_by_hash(sha256), "sk": keys.API_KEY}, "attribute_exists(pk)"
        )
        self.config.delete(tenant, keys.api_key(sha256), lookup, what="api_key")

    def list(self, tenant: str, *, after: str | None = None, limit: int = 50) -> Page[ApiKey]:
        """A tenant's keys, by hash."""
        return self.config.page(tenant, keys.api_key, items.api_key, after=after, limit=limit)


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
