"""Records how endpoints do, and sends notices to their tenants.

The record is first written with the notices in it; then they are sent; then the record is written
without them. After a kill in between, the sweep finds the record and sends its notices again under
the same ids.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Protocol

from runtime.core.ids import Key
from runtime.core.pacing import endpoint_health
from runtime.core.pacing.endpoint_health import Health, NoticeKind, Seen
from runtime.errors import Transient
from runtime.races import Races
from runtime.usecases.ports import Bus

GRACE_S: Final = 30  # a worker that has stored a notice gets this long to send it
LIMIT: Final = 1000


class Endpoints(Protocol):
    """Stores the health of endpoints."""

    def known(self, endpoints: Iterable[Key]) -> Mapping[Key, Health]:
        """The health of each endpoint, as it was at most a second ago."""

    def find(self, tenant: str, webhook_id: str) -> Health:
        """The health of an endpoint, read now."""

    def replace(self, old: Health, new: Health, /) -> Health | None:
        """Store `new` in the place of `old`; returns what is stored, None if `old` has changed."""

    def due(self, *, now_ms: int, limit: int) -> Iterable[Health]:
        """At most `limit` endpoints whose notices should have been sent by `now_ms`."""


class Webhooks(Protocol):
    """Stores webhooks."""

    def disable(self, tenant: str, webhook_id: str, *, reason: str, at: str) -> None:
        """Disable the webhook; doing so again changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TendEndpoints:
    """Records how endpoints do."""

    endpoints: Endpoints
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
            lambda health: endpoint_health.observe(health, seen, now_ms=self._now_ms()),
        )

    def note_slow(self, tenant: str, webhook_id: str) -> None:
        """Record that the endpoint keeps an attempt waiting, while the attempt still waits.

        An error here is logged and not raised: the next attempt that waits records it again.
        """
        self._change(
            Key(tenant, webhook_id),
            lambda health: endpoint_health.slowed(health, now_ms=self._now_ms()),
        )

    def sweep(self) -> int:
        """Send the notices that were stored but not sent; returns for how many endpoints.

        Raises:
            Transient: some notices could not be sent, or the index could not be read.
        """
        before_ms = self._now_ms() - GRACE_S * 1000
        swept_count, problems = 0, []
        for health in self.endpoints.due(now_ms=before_ms, limit=LIMIT):
            try:
                # Read the record again: the index lags, and the webhook may be switched on since.
                self._tell(self.endpoints.find(health.tenant, health.webhook_id))
                swept_count += 1
            except Transient as problem:
                problems.append(problem)
        if problems:
            raise problems[0]
        return swept_count

    def _change(self, key: Key, change: Callable[[Health], Health]) -> None:
        try:
            self._store(key, change)
        except Transient as problem:
            self.journal(
                {
                    "message": "endpoint.not_tended",
                    "tenant": key.tenant,
                    "webhook_id": key.id,
                    "code": problem.code,
                }
            )

    def _store(self, key: Key, change: Callable[[Health], Health]) -> None:
        health = self.endpoints.known([key])[key]
        for _ in self.races:
            after = change(health)
            if after is health:
                return
            current = self.endpoints.replace(health, after)
            if current is not None:
                self._tell(current)
                return
            health = self.endpoints.find(*key)
        raise Transient("the endpoint keeps changing", code="endpoint_changed")

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

    def _now_ms(self) -> int:
        return int(self.clock().timestamp() * 1000)
