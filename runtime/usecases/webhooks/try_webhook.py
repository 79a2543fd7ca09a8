"""Send a test event to a webhook, to see whether its receiver accepts our requests."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from runtime.core import ids
from runtime.core.deliveries.delivery import Delivery, Status
from runtime.core.deliveries.hints import delivery_hint
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.events.envelope import Event
from runtime.core.formats import payload
from runtime.core.timestamps import timestamp
from runtime.core.webhooks.webhook import Webhook
from runtime.errors import Conflict
from runtime.usecases.ports import Hints

TOPIC: Final = "webhook.test"


class Deliveries(Protocol):
    """Stores deliveries."""

    def add(self, delivery: Delivery) -> bool:
        """Store a delivery unless it has a record already; returns whether it was stored."""


class Webhooks(Protocol):
    """Stores webhooks."""

    def get(self, tenant: str, webhook_id: str) -> Webhook:
        """One webhook.

        Raises:
            NotFound: the tenant has no such webhook.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class TryWebhook:
    """Sends a test event to one webhook, whatever its topics, filter and transform."""

    deliveries: Deliveries
    webhooks: Webhooks
    hints: Hints[DeliverMessage]
    new_id: Callable[[str], str]
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, webhook_id: str) -> Delivery:
        """Start a delivery, which is signed, retried and recorded like any other; returns it.

        Raises:
            NotFound: the tenant has no such webhook.
            Conflict: code `webhook_disabled`.
        """
        webhook = self.webhooks.get(tenant, webhook_id)
        if not webhook.enabled:
            raise Conflict("the webhook is disabled; enable it first", code="webhook_disabled")
        now = self.clock()
        event = _event(tenant, webhook, event_id=self.new_id("evt"), at=timestamp(now))
        delivery = Delivery(
            id=ids.delivery_id(tenant, event.id, webhook.id),
            tenant=tenant,
            webhook_id=webhook.id,
            event_id=event.id,
            topic=event.topic,
            status=Status.PENDING,
            body=payload.render(event),
            created_at=event.occurred_at,
            due_at_ms=int(now.timestamp() * 1000),
            hinted=True,
        )
        # It is stored before its first attempt, unlike others, because somebody waits to see it.
        self.deliveries.add(delivery)
        self.hints.send([delivery_hint(delivery)])
        return delivery


def _event(tenant: str, webhook: Webhook, *, event_id: str, at: str) -> Event:
    return Event(
        id=event_id,
        tenant=tenant,
        topic=TOPIC,
        occurred_at=at,
        received_at=at,
        origin="system",
        properties={"webhook_id": webhook.id, "name": webhook.name},
    )
