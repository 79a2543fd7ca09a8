"""Stores how far migrations have come, in a partition of the config table."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from runtime.core.migrations.migration import Applied
from runtime.stores.tables import codec, keys
from runtime.stores.tables.codec import Item
from runtime.stores.tables.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationRecords:
    """One record for each migration that has begun."""

    config: Config

    def all(self) -> Iterator[Applied]:
        """Those that have begun, in their order, strongly read."""
        query = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": codec.key({":pk": keys.MIGRATIONS}),
            "ConsistentRead": True,
        }
        for item in self.config.table.query(query):
            yield Applied(**codec.fields(item, Applied))

    def begin(self, applied: Applied) -> bool:
        """Store a migration that begins; False when it has begun already."""
        return self.config.table.put_if(_item(applied), "attribute_not_exists(pk)")

    def replace(self, old: Applied, new: Applied) -> Applied | None:
        """Store `new` in the place of `old`; None when `old` has changed meanwhile."""
        written = replace(new, revision=old.revision + 1)
        was = old.revision
        is_done = self.config.table.put_if(_item(written), "#revision = :was", was=was)
        return written if is_done else None


def _item(applied: Applied) -> Item:
    place = {"pk": keys.MIGRATIONS, "sk": keys.migration(applied.number)}
    return {**codec.encode(applied), **codec.key(place)}
