"""Make the POST of one delivery, signed now, for whoever carries it to a receiver by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.formats import formats
from runtime.core.formats.formats import Wire
from runtime.core.timestamps import timestamp
from runtime.core.webhooks.webhook import Webhook
from runtime.errors import Conflict
from runtime.usecases.deliveries.live_keys import live_keys
from runtime.usecases.deliveries.show_delivery import ShowDelivery


class Webhooks(Protocol):
    """Stores webhooks."""

    def get(self, tenant: str, webhook_id: str) -> Webhook:
        """One webhook.

        Raises:
            NotFound: code `webhook_not_found`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class SignDelivery:
    """Signs deliveries without sending them."""

    show: ShowDelivery
    webhooks: Webhooks
    open_secret: Callable[[str, str], str]  # decrypts for a tenant: (tenant, ciphertext)
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, delivery_id: str, *, of_webhook: str | None = None) -> Wire:
        """The POST as an attempt would send it now, without what only the endpoint may see.

        The login, the certificate and the headers that the endpoint requires are left out: they
        are secrets that the API never shows.

        Raises:
            NotFound: code `delivery_not_found`: there is none, or it is another's. Code
                `webhook_not_found`: its webhook has been deleted, and its secrets with it.
            Conflict: code `nothing_to_send`: its function has made no body. Code `body_expired`.
        """
        delivery = self.show(tenant, delivery_id, of_webhook=of_webhook)
        webhook = self.webhooks.get(tenant, delivery.webhook_id)
        if not delivery.has_body:
            raise Conflict("its function has made nothing to send", code="nothing_to_send")
        if delivery.is_unopened:
            raise Conflict("its body is not kept any more", code="body_expired")
        now = self.clock()
        keys = live_keys(webhook, open_secret=self.open_secret, now=timestamp(now))
        return formats.wire(webhook, delivery, keys=keys, at=now)
