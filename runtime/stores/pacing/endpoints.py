"""Stores the health of endpoints: an item each, and none for those that never failed."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

from runtime.core.ids import Key
from runtime.core.pacing import endpoint_health
from runtime.core.pacing.endpoint_health import Health
from runtime.errors import Transient
from runtime.races import Races
from runtime.stores.pacing import items
from runtime.stores.tables import keys, shards
from runtime.stores.tables.codec import Item
from runtime.stores.tables.health import HealthTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints(HealthTable[Health]):
    """Health by tenant and webhook."""

    shard: ClassVar[str] = shards.ENDPOINTS_SHARD
    races: Races = field(default_factory=Races)

    def find(self, tenant: str, webhook_id: str) -> Health:
        """The health of an endpoint, strongly read."""
        key = Key(tenant, webhook_id)
        return self.read([key])[key]

    def reset(self, tenant: str, webhook_id: str) -> None:
        """Forget all failures, because the webhook has been switched on.

        Raises:
            Transient: code `endpoint_changed`: other writers keep changing the health.
        """
        for _ in self.races:
            old = self.find(tenant, webhook_id)
            new = endpoint_health.reset(old)
            if new == old or self.replace(old, new) is not None:
                return
        raise Transient("the endpoint keeps changing", code="endpoint_changed")

    def unknown(self, key: Key) -> Health:
        """The health of an endpoint that has no item."""
        return Health(tenant=key.tenant, webhook_id=key.id)

    def key(self, health: Health) -> Key:
        """The endpoint that it is the health of."""
        return Key(health.tenant, health.webhook_id)

    def partition(self, key: Key) -> str:
        """The partition of an endpoint's item."""
        return keys.endpoint(key.tenant, key.id)

    def revised(self, health: Health, *, revision: int) -> Health:
        """The health with this revision."""
        return replace(health, revision=revision)

    def encode(self, health: Health) -> Item:
        """The attributes of an endpoint's health."""
        return items.health_item(health)

    def decode(self, item: Item) -> Health:
        """An endpoint's stored health."""
        return items.health(item)
