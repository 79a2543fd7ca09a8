"""Delete a webhook. Its deliveries that are still due end as skipped."""

from dataclasses import dataclass
from typing import Protocol

from runtime.core.preconditions import ANY, IfMatch
from runtime.core.webhooks.webhook import Webhook
from runtime.usecases.webhooks import ports


class Webhooks(ports.Webhooks, Protocol):
    """Stores webhooks."""

    def delete(self, tenant: str, webhook_id: str) -> None:
        """Delete a webhook, whatever it is by now.

        Raises:
            NotFound: the tenant has no such webhook.
        """

    def remove(self, old: Webhook) -> None:
        """Delete the webhook if it still is `old`.

        Raises:
            Conflict: somebody else has changed it since `old` was read.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteWebhook:
    """Deletes webhooks."""

    webhooks: Webhooks

    def __call__(self, tenant: str, webhook_id: str, *, if_match: IfMatch = ANY) -> None:
        """Delete the webhook.

        Raises:
            NotFound: the tenant has no such webhook.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: somebody else changed it at the same time, and there is a condition.
        """
        if if_match == ANY:
            self.webhooks.delete(tenant, webhook_id)
            return
        old = self.webhooks.get(tenant, webhook_id)
        if_match.check(old.etag)
        self.webhooks.remove(old)
