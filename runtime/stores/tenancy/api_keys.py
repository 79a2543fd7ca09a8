"""Stores API keys, as hashes, and the list of tenants."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runtime.core.page import Page
from runtime.core.tenancy.api_key import ApiKey, hash_prefix
from runtime.errors import Conflict, NotFound
from runtime.stores.tables import codec, keys
from runtime.stores.tables.config import Config, prefix_query
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
        if not self.config.table.transact(*self._puts(key, "attribute_not_exists(pk)")):
            raise Conflict("this api_key exists already", code="api_key_exists")

    def note_use(self, used: ApiKey) -> None:
        """Store when a key was last used. What else somebody has changed meanwhile stays.

        Raises:
            NotFound: code `api_key_not_found`: it has been deleted meanwhile.
        """
        writes = (
            self.config.table.update(
                place,
                "SET #last_used_at = :hour",
                "attribute_exists(pk)",
                hour=used.last_used_at or "",
            )
            for place in _places(used)
        )
        if not self.config.table.transact(*writes):
            raise _not_found()

    def replace(self, key: ApiKey, *, successor: ApiKey) -> None:
        """Store a key over its former record, and its successor as a new one, both or neither.

        Raises:
            NotFound: code `api_key_not_found`: it has been deleted meanwhile.
        """
        ending = self._puts(key, "attribute_exists(pk)")
        if not self.config.table.transact(
            *ending, *self._puts(successor, "attribute_not_exists(pk)")
        ):
            raise _not_found()

    def find(self, sha256: str) -> ApiKey | None:
        """The key with this hash, strongly read, so that a deleted key ends at once."""
        item = self.config.table.get({"pk": keys.api_key_by_hash(sha256), "sk": keys.API_KEY})
        return None if item is None else items.api_key(item)

    def get(self, tenant: str, key_id: str) -> ApiKey:
        """A tenant's key by its id.

        Raises:
            NotFound: code `api_key_not_found`: this tenant has none of that id.
        """
        prefix = hash_prefix(key_id)
        if prefix is not None:
            query = prefix_query(tenant, keys.api_key(prefix))
            for item in self.config.table.query(query):
                key = items.api_key(item)
                if key.id == key_id:
                    return key
        raise _not_found()

    def delete(self, tenant: str, sha256: str) -> None:
        """Delete a key.

        Raises:
            NotFound: code `api_key_not_found`.
        """
        if self.config.find(tenant, keys.api_key(sha256)) is None:
            raise _not_found()
        lookup = self.config.table.delete(
            {"pk": keys.api_key_by_hash(sha256), "sk": keys.API_KEY}, "attribute_exists(pk)"
        )
        self.config.delete(tenant, keys.api_key(sha256), lookup, what="api_key")

    def list(self, tenant: str, *, after: str | None = None, limit: int = 50) -> Page[ApiKey]:
        """A tenant's keys, by hash."""
        return self.config.page(tenant, keys.api_key, items.api_key, after=after, limit=limit)

    def _puts(self, key: ApiKey, condition: str) -> Iterator[Any]:
        """The writes of a key's two items."""
        item = items.api_key_item(key)
        for place in _places(key):
            yield self.config.table.put({**item, **codec.key(place)}, condition)


def _places(key: ApiKey) -> tuple[dict[str, str], dict[str, str]]:
    """Where a key's two items are: one found by its hash, one in its tenant's list."""
    return (
        {"pk": keys.api_key_by_hash(key.sha256), "sk": keys.API_KEY},
        {"pk": keys.tenant(key.tenant), "sk": keys.api_key(key.sha256)},
    )


def _not_found() -> NotFound:
    return NotFound("no such API key", code="api_key_not_found")


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
