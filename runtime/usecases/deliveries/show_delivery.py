"""Show one delivery of the caller's tenant."""

from dataclasses import dataclass
from typing import Protocol

from runtime.core.deliveries.delivery import Delivery
from runtime.errors import NotFound


class Deliveries(Protocol):
    """Stores deliveries."""

    def find(self, delivery_id: str) -> Delivery | None:
        """One delivery of any tenant, or None."""

    def open(self, delivery: Delivery, /) -> Delivery:
        """The delivery with its body.

        Raises:
            NotFound: the body has expired.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowDelivery:
    """Shows deliveries."""

    deliveries: Deliveries

    def __call__(self, tenant: str, delivery_id: str, *, of_webhook: str | None = None) -> Delivery:
        """The delivery, without its body if the body has expired.

        Raises:
            NotFound: code `delivery_not_found`: there is none, or it is another tenant's, or not
                of this webhook.
        """
        delivery = self.deliveries.find(delivery_id)
        if delivery is None or not delivery.belongs_to(tenant, webhook_id=of_webhook):
            raise NotFound("no such delivery", code="delivery_not_found")
        try:
            return self.deliveries.open(delivery)
        except NotFound:  # the attempts can be shown all the same
            return delivery
