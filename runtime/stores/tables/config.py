"""The config table: what tenants set up, and the counter that tells matchers it has changed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from runtime.core.page import Page
from runtime.errors import Conflict, NotFound
from runtime.stores.aws.dynamodb import DynamoDB
from runtime.stores.tables import codec, keys
from runtime.stores.tables.codec import Item
from runtime.stores.tables.table import Table

T = TypeVar("T")
FRESH_S: Final = 2.0  # how long a change may take to reach a warm worker


def table(client: DynamoDB, name: str) -> "Config":
    """The config table on a client."""
    return Config(table=Table(client=client, name=name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Things of a tenant, each under a sort key of its kind."""

    table: Table

    def find(self, tenant: str, sort: str) -> Item | None:
        """The item, strongly read."""
        return self.table.get({"pk": keys.tenant(tenant), "sk": sort})

    def get(self, tenant: str, sort: str, *, what: str) -> Item:
        """The item.

        Raises:
            NotFound: code `<what>_not_found`: this tenant has no such item. The error is the same
                when another tenant has one, so that nobody learns of it.
        """
        item = self.find(tenant, sort)
        if item is None:
            raise NotFound(f"no such {what}", code=f"{what}_not_found")
        return item

    def add(self, tenant: str, item: Item, *also: Any, what: str) -> None:
        """Store a new item together with the writes that belong to it.

        Raises:
            Conflict: code `<what>_exists`: its name is taken.
        """
        item = {**item, "pk": {"S": keys.tenant(tenant)}, **etag(item)}
        if not self.table.transact(self.table.put(item, "attribute_not_exists(pk)"), *also):
            raise Conflict(f"this {what} exists already", code=f"{what}_exists")

    def replace(self, tenant: str, old: Item, new: Item, *also: Any) -> bool:
        """Store `new` if the item still is `old`; returns whether it was.

        Both are codec items with their sort key. Of two writers that have read the same item one
        wins; the other reads again. If `old` is an item as it is stored, its own digest counts.
        """
        item = {**new, "pk": {"S": keys.tenant(tenant)}, **etag(new)}
        return self.table.transact(self.table.put(item, "#etag = :was", was=_digest(old)), *also)

    def delete(self, tenant: str, sort: str, *also: Any, what: str) -> None:
        """Delete an item.

        Raises:
            NotFound: code `<what>_not_found`.
        """
        deletion = self.table.delete(
            {"pk": keys.tenant(tenant), "sk": sort}, "attribute_exists(pk)"
        )
        if not self.table.transact(deletion, *also):
            raise NotFound(f"no such {what}", code=f"{what}_not_found")

    def remove(self, tenant: str, old: Item, *also: Any) -> bool:
        """Delete the item if it still is `old`; returns whether it was, as `replace` does."""
        key = {"pk": keys.tenant(tenant), "sk": old["sk"]["S"]}
        return self.table.transact(self.table.delete(key, "#etag = :was", was=_digest(old)), *also)

    def changed(self, tenant: str) -> Any:
        """The write that tells matchers to read the tenant's subscriptions again.

        It belongs in the same transaction as the change itself, so that no change is missed.
        """
        return self.table.update(
            {"pk": keys.tenant(tenant), "sk": keys.SUBSCRIPTIONS}, "ADD #generation :one", "", one=1
        )

    def generation(self, tenant: str) -> int:
        """How often the tenant's subscriptions have changed, strongly read; 0 for never."""
        item = self.find(tenant, keys.SUBSCRIPTIONS)
        return 0 if item is None else int(codec.value(item["generation"]))

    def page(
        self,
        tenant: str,
        sort: Callable[[str], str],
        decode: Callable[[Item], T],
        *,
        after: str | None,
        limit: int,
    ) -> Page[T]:
        """The tenant's items of one kind in order of their names; `sort` makes their sort keys."""
        prefix = sort("")
        query = prefix_query(tenant, prefix)
        if after is not None:
            query["ExclusiveStartKey"] = codec.key({"pk": keys.tenant(tenant), "sk": sort(after)})
        return self.table.page(
            query, decode, limit=limit, position=lambda item: item["sk"]["S"].removeprefix(prefix)
        )

    def newest(
        self,
        tenant: str,
        prefix: str,
        decode: Callable[[Item], T],
        *,
        after: str | None,
        limit: int,
    ) -> Page[T]:
        """The tenant's items whose sort keys begin with `prefix`, from the last to the first.

        Positions are whole sort keys.
        """
        query = prefix_query(tenant, prefix) | {"ScanIndexForward": False}
        if after is not None:
            query["ExclusiveStartKey"] = codec.key({"pk": keys.tenant(tenant), "sk": after})
        return self.table.page(
            query, decode, limit=limit, position=lambda item: str(item["sk"]["S"])
        )


def prefix_query(tenant: str, prefix: str) -> dict[str, Any]:
    """A strong read of the tenant's items whose sort key starts with `prefix`."""
    return {
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
        "ExpressionAttributeValues": {
            ":pk": {"S": keys.tenant(tenant)},
            ":prefix": {"S": prefix},
        },
        "ConsistentRead": True,
    }


def _digest(old: Item) -> str:
    digest: str = old["etag"]["S"] if "etag" in old else etag(old)["etag"]["S"]
    return digest


def etag(item: Item) -> Item:
    """A digest of what is stored; two items with the same one are the same."""
    # The digest is of the values, not of the stored bytes: another release of zlib may compress
    # the same text to other bytes.
    text = repr(sorted((name, codec.value(attribute)) for name, attribute in item.items()))
    return {"etag": {"S": hashlib.sha256(text.encode()).hexdigest()}}
