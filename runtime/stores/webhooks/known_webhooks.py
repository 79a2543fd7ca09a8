"""Webhooks as a warm worker knows them: those that it has had deliveries for, and no others.

A worker that sends needs only the few webhooks of its batches. A matcher's compiled index has all
webhooks of a tenant: it takes 8 KB for each, and is compiled anew after a change to any of them.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

from runtime.core.ids import Key
from runtime.core.webhooks.webhook import Webhook
from runtime.freshness import is_fresh
from runtime.stores.tables import keys
from runtime.stores.tables.config import FRESH_S, Config
from runtime.stores.webhooks import items

MAX_WEBHOOKS: Final = 2000  # in memory, a few KB each; the one used longest ago is dropped
MAX_TENANTS: Final = 2000  # whose counters are in memory; the one used longest ago is dropped
K = TypeVar("K")
V = TypeVar("V")


class _Kept(NamedTuple):
    """A webhook as it was at this count of its tenant's changes."""

    counter: int
    webhook: Webhook


class _Counter(NamedTuple):
    """A tenant's count of changes, and when it was read, in epoch seconds."""

    at_s: float
    changes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWebhooks:
    """Webhooks by tenant and id, each read again when the tenant's counter has moved."""

    config: Config
    clock: Callable[[], datetime]
    _kept: "OrderedDict[Key, _Kept]" = field(default_factory=OrderedDict)
    _counters: "OrderedDict[str, _Counter]" = field(default_factory=OrderedDict)

    def find(self, tenant: str, webhook_id: str) -> Webhook | None:
        """The webhook, at most two seconds old, or None."""
        # The counter is read first: a change between the two reads is then seen next time.
        counter, key = self._counter(tenant), Key(tenant, webhook_id)
        cached = self._kept.get(key)
        if cached is not None and cached.counter == counter:
            self._kept.move_to_end(key)
            return cached.webhook
        item = self.config.find(tenant, keys.webhook(webhook_id))
        if item is None:
            self._kept.pop(key, None)
            return None
        webhook = items.webhook(item)
        _keep(self._kept, key, _Kept(counter, webhook), at_most=MAX_WEBHOOKS)
        return webhook

    def _counter(self, tenant: str) -> int:
        now_s = self.clock().timestamp()
        cached = self._counters.get(tenant)
        if cached is not None and is_fresh(cached.at_s, now_s=now_s, for_s=FRESH_S):
            return cached.changes
        count = self.config.generation(tenant)
        _keep(self._counters, tenant, _Counter(now_s, count), at_most=MAX_TENANTS)
        return count


def _keep(cache: "OrderedDict[K, V]", key: K, value: V, *, at_most: int) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > at_most:
        cache.popitem(last=False)
