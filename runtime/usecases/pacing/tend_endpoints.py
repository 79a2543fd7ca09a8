"""Keeping account of how endpoints do, and telling their tenants.

First the record, with the notices in it; then the notices; then the record without them. Killed
anywhere in between, the sweep finds the record and says it again, under the same event ids.
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

GRACE_S: Final = 30  # who has stored a notice gets this long to send it
LIMIT: Final = 1000


class Endpoints(Protocol):
    """Where health rests."""

    def known(self, endpoints: Iterable[Key]) -> Mapping[Key, Health]:
        """The health of each, at most a second old."""

    def find(self, tenant: str, webhook_id: str) -> Health:
        """The health as it stands now."""

    def replace(self, old: Health, new: Health, /) -> Health | None:
        """Store `new` in the place of `old`; what is stored, or None when another was first."""

    def due(self, *, now_ms: int, limit: int) -> Iterable[Health]:
        """Those with notices that should have been sent."""


class Webhooks(Protocol):
    """Where webhooks rest."""

    def disable(self, tenant: str, webhook_id: str, *, reason: str, at: str) -> None:
        """Switch it off; again changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TendEndpoints:
    """Keeps the account; `journal` takes what could not be done now."""

    endpoints: Endpoints
    webhooks: Webhooks
    bus: Bus
    clock: Callable[[], datetime]
    journal: Callable[[Mapping[str, Any]], None]
    races: Races = field(default_factory=Races)

    def observe(self, tenant: str, webhook_id: str, seen: Sequence[Seen]) -> None:
        """Take note of how attempts went, in the order they ended.

        The attempts themselves are on record already. So trouble here is told and not raised: a
        lost count is made up for by the next attempt, an unsent notice by the sweep.
        """
        self._change(
            Key(tenant, webhook_id),
            lambda health: endpoint_health.observe(health, seen, now_ms=self._now_ms()),
        )

    def note_slow(self, tenant: str, webhook_id: str) -> None:
        """Take note that it keeps an attempt waiting, while the attempt still waits.

        Trouble here is told and not raised: the next attempt that waits takes note again.
        """
        self._change(
            Key(tenant, webhook_id),
            lambda health: endpoint_health.slowed(health, now_ms=self._now_ms()),
        )

    def sweep(self) -> int:
        """Send the notices that were stored and not sent; of how many endpoints.

        Raises:
            Transient: some could not be sent, or the index could not be read.
        """
        before_ms = self._now_ms() - GRACE_S * 1000
        swept, problems = 0, []
        for health in self.endpoints.due(now_ms=before_ms, limit=LIMIT):
            try:
                # Read again: the index lags, and the webhook may have been switched on since.
                self._tell(self.endpoints.find(health.tenant, health.webhook_id))
                swept += 1
            except Transient as problem:
                problems.append(problem)
        if problems:
            raise problems[0]
        return swept

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
            stored = self.endpoints.replace(health, after)
            if stored is not None:
                self._tell(stored)
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
        # Lost to somebody else, the notices are theirs to send, and perhaps sent twice: same ids.
        self.endpoints.replace(health, replace(health, notices=()))

    def _now_ms(self) -> int:
        return int(self.clock().timestamp() * 1000)
