"""Stores the health of functions: an item each, and none for those that never failed."""

from dataclasses import dataclass, replace
from typing import ClassVar

from runtime.core.functions.health import Health
from runtime.core.ids import Key
from runtime.stores.functions import items
from runtime.stores.tables import keys, shards
from runtime.stores.tables.codec import Item
from runtime.stores.tables.health import HealthTable


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionHealths(HealthTable[Health]):
    """Health by tenant and function."""

    shard: ClassVar[str] = shards.FUNCTIONS_SHARD

    def find(self, tenant: str, name: str) -> Health:
        """The health of a function, strongly read."""
        item = self.table.get({"pk": keys.function_health(tenant, name)})
        return self.unknown(Key(tenant, name)) if item is None else self.decode(item)

    def unknown(self, key: Key) -> Health:
        """The health of a function that has no item."""
        return Health(tenant=key.tenant, function=key.id)

    def key(self, health: Health) -> Key:
        """The function that it is the health of."""
        return Key(health.tenant, health.function)

    def partition(self, key: Key) -> str:
        """The partition of a function's item."""
        return keys.function_health(key.tenant, key.id)

    def revised(self, health: Health, *, revision: int) -> Health:
        """The health with this revision."""
        return replace(health, revision=revision)

    def encode(self, health: Health) -> Item:
        """The attributes of a function's health."""
        return items.health_item(health)

    def decode(self, item: Item) -> Health:
        """A function's stored health."""
        return items.health(item)
