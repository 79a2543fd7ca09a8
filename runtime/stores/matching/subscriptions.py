"""The subscriptions of each tenant: compiled after each change, and asked for every event."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from runtime.core.functions.function import Function
from runtime.core.matching.matching import Index
from runtime.core.webhooks.webhook import Webhook
from runtime.errors import BadInput, Transient
from runtime.freshness import is_fresh
from runtime.stores.functions import items as function_items
from runtime.stores.tables import codec, keys
from runtime.stores.tables.config import FRESH_S, Config, prefix_query
from runtime.stores.webhooks import items as webhook_items

MAX_TENANTS: Final = 500  # compiled indexes in memory; the one used longest ago is dropped


@dataclass(slots=True)
class _Known:
    index: Index[Webhook | Function]
    generation: int  # the tenant's count of changes when the index was compiled
    # When the counter was last read; None: it must be read before the index is used again.
    checked_at: datetime | None

    def is_fresh(self, now: datetime) -> bool:
        if self.checked_at is None:
            return False
        return is_fresh(self.checked_at.timestamp(), now_s=now.timestamp(), for_s=FRESH_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriptions:
    """Compiled subscriptions by tenant, re-read when the tenant's counter has moved."""

    config: Config
    clock: Callable[[], datetime]
    _known: "OrderedDict[str, _Known]" = field(default_factory=OrderedDict)

    def for_tenant(self, tenant: str) -> Index[Webhook | Function]:
        """The tenant's compiled subscriptions, at most two seconds old.

        Raises:
            Transient: they cannot be read, or a stored filter does not compile. Neither is the
                event's fault, so the event waits.
        """
        now = self.clock()
        cached = self._known.get(tenant)
        if cached is None or not cached.is_fresh(now):
            cached = self._checked(tenant, cached, at=now)
        return self._keep(tenant, cached)

    def after_change(self, tenant: str) -> Index[Webhook | Function]:
        """The tenant's compiled subscriptions as they are now, for an event that tells of a change.

        Whoever changes one thing is about to change another, and to send events. Would this look
        count as a recent one, the next change could stay unseen for two seconds, although before
        this event nobody had looked at all.

        Raises:
            Transient: as `for_tenant`.
        """
        return self._keep(tenant, self._checked(tenant, self._known.get(tenant), at=None))

    def _keep(self, tenant: str, known: _Known) -> Index[Webhook | Function]:
        self._known[tenant] = known
        self._known.move_to_end(tenant)
        while len(self._known) > MAX_TENANTS:
            self._known.popitem(last=False)
        return known.index

    def _checked(self, tenant: str, cached: _Known | None, *, at: datetime | None) -> _Known:
        # The counter is read first, so that a change between the two reads is seen next time.
        generation = self.config.generation(tenant)
        if cached is not None and cached.generation == generation:
            return _Known(cached.index, generation, at)
        return _Known(self._compiled(tenant), generation, at)

    def _compiled(self, tenant: str) -> Index[Webhook | Function]:
        def read(prefix: str) -> list[codec.Item]:
            return list(self.config.table.query(prefix_query(tenant, prefix)))

        try:
            webhooks = map(webhook_items.webhook, read(keys.webhook("")))
            functions = map(function_items.function, read(keys.function("")))
            return Index([*webhooks, *functions])
        except BadInput as problem:
            raise Transient(
                f"a stored filter of {tenant} does not compile: {problem.message}",
                code="stored_filter_broken",
            ) from problem
