"""Records how endpoints do, and sends notices to their tenants."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from runtime.core.ids import Key
from runtime.core.pacing import endpoint_health
from runtime.core.pacing.endpoint_health import Health, NoticeKind, Seen
from runtime.errors import Transient
from runtime.races import Races
from runtime.usecases.pacing.tending import Healths, Tending
from runtime.usecases.ports import Bus


class Webhooks(Protocol):
    """Stores webhooks."""

    def disable(self, tenant: str, webhook_id: str, *, reason: str, at: str) -> None:
        """Disable the webhook; doing so again changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TendEndpoints:
    """Records how endpoints do."""

    endpoints: Healths[Health]
    webhooks: Webhooks
    bus: Bus
    clock: Callable[[], datetime]
    journal: Callable[[Mapping[str, Any]], None]  # takes a line about each failure
    races: Races = field(default_factory=Races)

    def observe(self, tenant: str, webhook_id: str, seen: Sequence[Seen]) -> None:
        """Record the outcomes of attempts, in the order they ended.

        The attempts themselves are recorded already, so an error here is logged and not raised.
        The next attempt makes up for a lost count, and the sweep sends an unsent notice.
        """
        self._change(
            Key(tenant, webhook_id),
            lambda health: endpoint_health.observe(health, seen, now_ms=self._tending.now_ms()),
        )

    def note_slow(self, tenant: str, webhook_id: str) -> None:
        """Record that the endpoint keeps an attempt waiting, while the attempt still waits.

        An error here is logged and not raised: the next attempt that waits records it again.
        """
        self._change(
            Key(tenant, webhook_id),
            lambda health: endpoint_health.slowed(health, now_ms=self._tending.now_ms()),
        )

    def sweep(self) -> int:
        """Send the notices that were stored but not sent; returns for how many endpoints.

        Raises:
            Transient: some notices could not be sent, or the index could not be read.
        """
        return self._tending.sweep()

    @property
    def _tending(self) -> Tending[Health]:
        return Tending(
            healths=self.endpoints,
            key=lambda health: Key(health.tenant, health.webhook_id),
            tell=self._tell,
            clock=self.clock,
            races=self.races,
        )

    def _change(self, key: Key, change: Callable[[Health], Health]) -> None:
        try:
            self._tending.change(key, change)
        except Transient as problem:
            self.journal(
                {
                    "message": "endpoint.not_tended",
                    "tenant": key.tenant,
                    "webhook_id": key.id,
                    "code": problem.code,
                }
            )

    def _tell(self, health: Health) -> None:
        if not health.notices:
            return
        events = [
            endpoint_health.event(health.tenant, health.webhook_id, notice)
            for notice in health.notices
        ]
        for notice, event in zip(health.notices, events, strict=True):
            if notice.kind is NoticeKind.DISABLED:
                self.webhooks.disable(
                    health.tenant,
                    health.webhook_id,
                    reason=notice.reason or "failing",
                    at=event.occurred_at,
                )
        self.bus.put(events)
        # If this write loses, another worker changed the record. It sends the notices again, under
        # the same ids.
        self.endpoints.replace(health, replace(health, notices=()))
