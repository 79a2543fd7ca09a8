"""The message for each subscriber that an event reaches, under ids that derive from both."""

from runtime.core import ids
from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.events.envelope import Event
from runtime.core.functions.function import Function
from runtime.core.functions.messages import RunMessage
from runtime.core.webhooks.webhook import Webhook


def delivery_of(
    event: Event, webhook: Webhook, *, body: str, accepted_at: str | None = None
) -> DeliverMessage:
    """Asks for the first attempt of an event's delivery to a webhook without a transform.

    Args:
        event: whose.
        webhook: to which it goes.
        body: what is sent.
        accepted_at: as `DeliverMessage` has it; None for an event that came before.
    """
    return DeliverMessage(
        tenant=event.tenant,
        delivery_id=ids.delivery_id(event.tenant, event.id, webhook.id),
        webhook_id=webhook.id,
        event_id=event.id,
        topic=event.topic,
        body=body,
        accepted_at=accepted_at,
    )


def run_of(event: Event, subscriber: Webhook | Function) -> RunMessage:
    """Asks for the first attempt of an event's run: by a trigger, or as a webhook's transform."""
    webhook_id = subscriber.id if isinstance(subscriber, Webhook) else None
    function = (subscriber.transform if isinstance(subscriber, Webhook) else subscriber.name) or ""
    return RunMessage(
        tenant=event.tenant,
        run_id=ids.run_id(event.tenant, event.id, webhook_id or function),
        function=function,
        event=event.to_json(),
        webhook_id=webhook_id,
    )
