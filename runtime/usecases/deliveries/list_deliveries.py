"""List a tenant's deliveries.

Those of one event are computed, not searched for: their ids are hashes of event and webhook.
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
    """Where deliveries rest."""

    def get(self, delivery_ids: Iterable[str]) -> Mapping[str, Delivery]:
        """Those that have a record, by id."""

    def list(
        self, tenant: str, selection: Selection, *, after: str | None = None, limit: int = 50
    ) -> Page[Delivery]:
        """A page; of one event only those whose ids do not follow from it and its webhooks."""


class Webhooks(Protocol):
    """Where webhooks rest."""

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
        """A page, newest first, or next due first of those that wait; it may be short and not last.

        Of one event: first those that the tenant's webhooks have got, then what functions made more
        of. Each page is newest first.
        """
        if selection.event_id is None:
            return self.deliveries.list(tenant, selection, after=after, limit=limit)
        found: list[Delivery] = []
        stage, place = (BY_WEBHOOK, None) if after is None else (after[0], after[1:] or None)
        for _ in range(MAX_LOOKS):
            if stage == BY_INDEX:
                break
            wanted, place = self._named(tenant, selection, after=place, limit=limit - len(found))
            found += filter(selection.takes, self.deliveries.get(wanted).values())
            stage = BY_INDEX if place is None else BY_WEBHOOK
            if len(found) == limit:
                break
        if stage == BY_INDEX and len(found) < limit:
            rest = self.deliveries.list(tenant, selection, after=place, limit=limit - len(found))
            found += rest.items
            after = None if rest.after is None else BY_INDEX + rest.after
        else:
            after = stage + (place or "")
        found.sort(key=lambda delivery: (delivery.created_at, delivery.id), reverse=True)
        return Page(items=tuple(found), after=after)

    def _named(
        self, tenant: str, selection: Selection, *, after: str | None, limit: int
    ) -> tuple[list[str], str | None]:
        """The ids that the event's deliveries to the next webhooks have, if there are any."""
        event_id = selection.event_id or ""
        if selection.webhook_id is not None:
            return [ids.delivery_id(tenant, event_id, selection.webhook_id)], None
        page = self.webhooks.list(tenant, after=after, limit=limit)
        return [ids.delivery_id(tenant, event_id, each.id) for each in page.items], page.after
