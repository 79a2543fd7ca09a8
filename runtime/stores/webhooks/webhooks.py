"""Stores webhooks. Each change counts up the tenant's changes in the same transaction."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from runtime.core.page import Page
from runtime.core.webhooks.webhook import Webhook
from runtime.errors import Conflict, Transient
from runtime.races import Races
from runtime.stores.tables import codec, keys
from runtime.stores.tables.codec import Item
from runtime.stores.tables.config import Config, prefix_query
from runtime.stores.webhooks import items


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """Webhooks by tenant and id."""

    config: Config
    races: Races = field(default_factory=Races)

    def add(self, webhook: Webhook) -> None:
        """Store a new webhook.

        Raises:
            Conflict: code `webhook_exists`.
        """
        changed = self.config.changed(webhook.tenant)
        self.config.add(webhook.tenant, _item(webhook), changed, what="webhook")

    def get(self, tenant: str, webhook_id: str) -> Webhook:
        """One webhook, strongly read.

        Raises:
            NotFound: code `webhook_not_found`.
        """
        return items.webhook(self.config.get(tenant, keys.webhook(webhook_id), what="webhook"))

    def find(self, tenant: str, webhook_id: str) -> Webhook | None:
        """One webhook, strongly read, or None."""
        item = self.config.find(tenant, keys.webhook(webhook_id))
        return None if item is None else items.webhook(item)

    def replace(self, old: Webhook, new: Webhook) -> None:
        """Store `new` in the place of `old`.

        Raises:
            Conflict: code `webhook_changed`; somebody else has changed it since it was read.
        """
        if not self._try_replace(old, new):
            raise Conflict("the webhook has changed; read it again", code="webhook_changed")

    def disable(self, tenant: str, webhook_id: str, *, reason: str, at: str) -> None:
        """Switch a webhook off; nothing changes if it is off already, or was deleted.

        Raises:
            Transient: code `webhook_changed`: other writers keep changing it.
        """
        for _ in self.races:
            old = self.find(tenant, webhook_id)
            if old is None or not old.enabled:
                return
            new = replace(old, enabled=False, disabled_reason=reason, switched_at=at)
            if self._try_replace(old, new):
                return
        raise Transient("the webhook keeps changing", code="webhook_changed")

    def delete(self, tenant: str, webhook_id: str) -> None:
        """Delete a webhook.

        Raises:
            NotFound: code `webhook_not_found`.
        """
        also = (self.config.changed(tenant), self._remembered(tenant, webhook_id))
        self.config.delete(tenant, keys.webhook(webhook_id), *also, what="webhook")

    def remove(self, old: Webhook) -> None:
        """Delete the webhook if it still is `old`.

        Raises:
            Conflict: code `webhook_changed`; somebody else has changed it since it was read.
        """
        also = (self.config.changed(old.tenant), self._remembered(old.tenant, old.id))
        if not self.config.remove(old.tenant, _item(old), *also):
            raise Conflict("the webhook has changed; read it again", code="webhook_changed")

    def list(self, tenant: str, *, after: str | None = None, limit: int = 50) -> Page[Webhook]:
        """A tenant's webhooks, by id."""
        return self.config.page(tenant, keys.webhook, items.webhook, after=after, limit=limit)

    def deleted_ids(self, tenant: str) -> Iterator[str]:
        """The ids of the webhooks that the tenant has deleted: their deliveries are still kept."""
        prefix = keys.deleted_webhook("")
        for item in self.config.table.query(prefix_query(tenant, prefix)):
            yield item["sk"]["S"].removeprefix(prefix)

    def _remembered(self, tenant: str, webhook_id: str) -> Any:
        sort = keys.deleted_webhook(webhook_id)
        return self.config.table.put(codec.key({"pk": keys.tenant(tenant), "sk": sort}), "")

    def _try_replace(self, old: Webhook, new: Webhook) -> bool:
        changed = self.config.changed(old.tenant)
        return self.config.replace(old.tenant, _item(old), _item(new), changed)


def _item(webhook: Webhook) -> Item:
    return {**items.webhook_item(webhook), "sk": {"S": keys.webhook(webhook.id)}}
