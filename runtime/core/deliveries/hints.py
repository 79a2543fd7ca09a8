"""The queue message for the next attempt of a delivery."""

from runtime.core.deliveries.delivery import Delivery, Waiting
from runtime.core.deliveries.messages import DeliverMessage


def delivery_hint(delivery: Delivery | Waiting) -> DeliverMessage:
    """The message for the delivery's next attempt; the record has the body."""
    return DeliverMessage(
        tenant=delivery.tenant,
        delivery_id=delivery.id,
        webhook_id=delivery.webhook_id,
        event_id=delivery.event_id,
        topic=delivery.topic,
        body=None,
        attempt=delivery.next_attempt,
    )
