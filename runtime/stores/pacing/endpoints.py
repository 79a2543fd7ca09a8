"""Stores the health of endpoints: an item each, and none for those that never failed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from runtime.core.ids import Key
from runtime.core.pacing import endpoint_health
from runtime.core.pacing.endpoint_health import Health
from runtime.errors import Transient
from runtime.freshness import is_fresh
from runtime.races import Races
from runtime.stores.pacing import items
from runtime.stores.tables import codec, keys, records
from runtime.stores.tables.codec import Item
from runtime.stores.tables.table import Table

FRESH_S: Final = 1.0  # so long a warm worker may not notice that a breaker has opened
MAX_KNOWN: Final = 10_000  # endpoints in memory; when there are as many, all are forgotten
KEEP: Final = timedelta(days=90)  # longer than any failure lasts before the webhook is disabled


class _Kept(NamedTuple):
    """The health of an endpoint, and when it was read or written, in epoch seconds."""

    at_s: float
    health: Health


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Health by tenant and webhook."""

    table: Table
    clock: Callable[[], datetime]
    races: Races = field(default_factory=Races)
    _known: dict[Key, _Kept] = field(default_factory=dict)

    def known(self, endpoints: Iterable[Key]) -> dict[Key, Health]:
        """The health of each, at most a second old, so that a busy worker reads little."""
        now_s = self.clock().timestamp()
        each = dict.fromkeys(endpoints)
        fresh = {
            key: cached.health
            for key in each
            if (cached := self._known.get(key)) is not None
            and is_fresh(cached.at_s, now_s=now_s, for_s=FRESH_S)
        }
        missing = [key for key in each if key not in fresh]
        return fresh | (self._read(missing) if missing else {})

    def find(self, tenant: str, webhook_id: str) -> Health:
        """The health of an endpoint, strongly read."""
        return self._read([Key(tenant, webhook_id)])[Key(tenant, webhook_id)]

    def replace(self, old: Health, new: Health, /) -> Health | None:
        """Store `new` in the place of `old`; returns what is stored, None if `old` has changed.

        The sweep finds the record (see `due`) for as long as it has unsent notices.
        """
        after = replace(new, revision=old.revision + 1)
        unchanged = "#revision = :was" if old.revision else "attribute_not_exists(pk)"
        was = {"was": old.revision} if old.revision else {}
        if not self.table.put_if(self._item(after), unchanged, **was):
            self._known.pop(Key(old.tenant, old.webhook_id), None)
            return None
        self._remember(after)
        return after

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

    def due(self, *, now_ms: int, limit: int) -> Iterator[Health]:
        """Endpoints with notices that should have been sent by now."""
        return records.due_records(
            self.table, items.health, shard=keys.ENDPOINTS_SHARD, now_ms=now_ms, limit=limit
        )

    def _read(self, missing: Iterable[Key]) -> dict[Key, Health]:
        every = {key: Health(tenant=key.tenant, webhook_id=key.id) for key in missing}
        health_items = self.table.get_many(
            {"pk": keys.endpoint(key.tenant, key.id)} for key in every
        )
        for health in map(items.health, health_items):
            every[Key(health.tenant, health.webhook_id)] = health
        for health in every.values():
            self._remember(health)
        return every

    def _remember(self, health: Health) -> None:
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[Key(health.tenant, health.webhook_id)] = _Kept(self.clock().timestamp(), health)

    def _item(self, health: Health) -> Item:
        now = self.clock()
        item = {
            **items.health_item(health),
            **codec.key({"pk": keys.endpoint(health.tenant, health.webhook_id)}),
            "expires_at": codec.scalar(int((now + KEEP).timestamp())),
        }
        if health.notices:
            item |= codec.key({"due_shard": keys.ENDPOINTS_SHARD})
            item["due_at_ms"] = codec.scalar(int(now.timestamp() * 1000))
        return item
