"""List a tenant's deliveries.

The id of an event's delivery is a hash of event and webhook. So the deliveries of one event are not
looked up in an index: their ids are computed from the tenant's webhooks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from runtime.core import ids
from runtime.core.deliveries.delivery import Delivery, Selection
from runtime.core.page import Page
from runtime.core.webhooks.webhook import Webhook

MAX_LOOKS: Final = 10  # how many pages of webhooks are read for one page of deliveries
# The two stages of a listing by event; the first character of its cursor.
BY_WEBHOOK, BY_INDEX = "w", "i"


class Deliveries(Protocol):
    """Stores deliveries."""

    def get(self, delivery_ids: Iterable[str]) -> Mapping[str, Delivery]:
        """The deliveries that have a record, by id."""

    def list(
        self, tenant: str, selection: Selection, *, after: str | None = None, limit: int = 50
    ) -> Page[Delivery]:
        """A page of deliveries.

        For one event, it has only deliveries whose ids are not hashes of event and webhook.
        """


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
        """A page of deliveries, the newest first. A short or empty page need not be the last.

        Pending deliveries come in the order in which they are due. For one event, its own
        deliveries to the tenant's webhooks come first, then those that functions made.
        """
        if selection.event_id is None:
            return self.deliveries.list(tenant, selection, after=after, limit=limit)
        deliveries: list[Delivery] = []
        stage, place = (BY_WEBHOOK, None) if after is None else (after[0], after[1:] or None)
        for _ in range(MAX_LOOKS):
            if stage == BY_INDEX:
                break
            delivery_ids, place = self._computed_ids(
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

    def _computed_ids(
        self, tenant: str, selection: Selection, *, after: str | None, limit: int
    ) -> tuple[list[str], str | None]:
        """The ids of the event's possible deliveries to the next webhooks, and where to go on."""
        event_id = selection.event_id or ""
        if selection.webhook_id is not None:
            return [ids.delivery_id(tenant, event_id, selection.webhook_id)], None
        page = self.webhooks.list(tenant, after=after, limit=limit)
        return [ids.delivery_id(tenant, event_id, each.id) for each in page.items], page.after
