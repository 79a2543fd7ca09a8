"""List a tenant's deliveries.

The ids of one event's deliveries are hashes of event and webhook, so they are computed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from runtime.core import ids
from runtime.core.deliveries.delivery import Delivery, Selection
from runtime.core.page import Page
from runtime.core.webhooks.webhook import Webhook

MAX_LOOKS: Final = 10  # at the tenant's webhooks, for one page
BY_WEBHOOK, BY_INDEX = "w", "i"  # where a listing by event stands, the first character of a cursor


class Deliveries(Protocol):
    """Stores deliveries."""

    def get(self, delivery_ids: Iterable[str]) -> Mapping[str, Delivery]:
        """Those that have a record, by id."""

    def list(
        self, tenant: str, selection: Selection, *, after: str | None = None, limit: int = 50
    ) -> Page[Delivery]:
        """A page; for one event, only deliveries whose ids are not hashes of event and webhook."""


class Webhooks(Protocol):
    """Stores webhooks."""

    def list(self, tenant: str, *, after: str | None = None, limit: int = 50) -> Page[Webhook]:
        """A tenant's webhooks, by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDeliveries:
    """Lists deliveries."""

    deliveries: Deliveries
    webhooks: Webhooks

    def __call__(
        self, tenant: str, selection: Selection, *, after: str | None = None, limit: int = 50
    ) -> Page[Delivery]:
        """A page of deliveries, the newest first; it may be short, or empty, and not the last.

        Pending deliveries come in the order in which they are due. For one event, its deliveries to
        the tenant's webhooks come first, then those that functions made besides.
        """
        if selection.event_id is None:
            return self.deliveries.list(tenant, selection, after=after, limit=limit)
        deliveries: list[Delivery] = []
        stage, place = (BY_WEBHOOK, None) if after is None else (after[0], after[1:] or None)
        for _ in range(MAX_LOOKS):
            if stage == BY_INDEX:
                break
            delivery_ids, place = self._named(
                tenant, selection, after=place, limit=limit - len(deliveries)
            )
            deliveries += filter(selection.takes, self.deliveries.get(delivery_ids).values())
            stage = BY_INDEX if place is None else BY_WEBHOOK
            if len(deliveries) == limit:
                break
        if stage == BY_INDEX and len(deliveries) < limit:
            rest = self.deliveries.list(
                tenant, selection, after=place, limit=limit - len(deliveries)
            )
            deliveries += rest.items
            after = None if rest.after is None else BY_INDEX + rest.after
        else:
            after = stage + (place or "")
        deliveries.sort(key=lambda delivery: (delivery.created_at, delivery.id), reverse=True)
        return Page(items=tuple(deliveries), after=after)

    def _named(
        self, tenant: str, selection: Selection, *, after: str | None, limit: int
    ) -> tuple[list[str], str | None]:
        """The ids that the event's deliveries to the next webhooks have, if there are any."""
        event_id = selection.event_id or ""
        if selection.webhook_id is not None:
            return [ids.delivery_id(tenant, event_id, selection.webhook_id)], None
        page = self.webhooks.list(tenant, after=after, limit=limit)
        return [ids.delivery_id(tenant, event_id, each.id) for each in page.items], page.after
