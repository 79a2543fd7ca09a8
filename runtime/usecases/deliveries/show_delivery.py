"""Show one delivery of the caller's tenant."""

from dataclasses import dataclass
from typing import Protocol

from runtime.core.deliveries.delivery import Delivery
from runtime.errors import NotFound


class Deliveries(Protocol):
    """Where deliveries rest."""

    def find(self, delivery_id: str) -> Delivery | None:
        """One delivery of any tenant, or None."""

    def open(self, delivery: Delivery, /) -> Delivery:
        """The delivery with its body; raises NotFound when that is not kept any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowDelivery:
    """Shows deliveries."""

    deliveries: Deliveries

    def __call__(self, tenant: str, delivery_id: str) -> Delivery:
        """The delivery; without its body when that is not kept any more.

        Raises:
            NotFound: code `delivery_not_found`; another tenant's looks the same as none.
        """
        delivery = self.deliveries.find(delivery_id)
        if delivery is None or delivery.tenant != tenant:
            raise NotFound("no such delivery", code="delivery_not_found")
        try:
            return self.deliveries.open(delivery)
        except NotFound:  # what was done with it is still worth telling
            return delivery
