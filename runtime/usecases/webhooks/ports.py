"""The ports that several use cases of webhooks need."""

from typing import Protocol

from runtime.core.webhooks.webhook import Webhook


class Webhooks(Protocol):
    """Stores webhooks."""

    def get(self, tenant: str, webhook_id: str) -> Webhook:
        """One webhook.

        Raises:
            NotFound: the tenant has no such webhook.
        """

    def replace(self, old: Webhook, new: Webhook) -> None:
        """Store `new` in the place of `old`.

        Raises:
            Conflict: somebody else has changed it since `old` was read.
        """
