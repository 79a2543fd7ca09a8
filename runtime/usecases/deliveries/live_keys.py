"""Open the keys that sign for a webhook."""

from collections.abc import Callable

from runtime.core.formats import formats
from runtime.core.webhooks import signing
from runtime.core.webhooks.webhook import Webhook


def live_keys(
    webhook: Webhook, *, open_secret: Callable[[str, str], str], now: str
) -> list[signing.Key]:
    """Every key that signs for this webhook at `now` (ISO 8601), the newest first.

    Raises:
        PenstockError: one of them does not open. That is our fault, never the receiver's.
    """
    live = signing.live_secrets(webhook.secrets, now=now)
    texts = [open_secret(webhook.tenant, secret.ciphertext) for secret in live]
    return [formats.key(webhook.format, text) for text in texts]
