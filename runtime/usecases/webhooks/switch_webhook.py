"""Switch a webhook on or off, and tell those who subscribed to it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from runtime.core.pacing import endpoint_health
from runtime.core.pacing.endpoint_health import Notice, NoticeKind
from runtime.core.timestamps import moment, timestamp
from runtime.core.webhooks.webhook import Webhook
from runtime.usecases.ports import Bus
from runtime.usecases.webhooks.ports import Webhooks

PAUSED: Final = "paused"  # by somebody, as told from `gone` and `failing`


class Endpoints(Protocol):
    """Where health rests."""

    def reset(self, tenant: str, webhook_id: str) -> None:
        """Forget what was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchWebhook:
    """Switches webhooks."""

    webhooks: Webhooks
    endpoints: Endpoints
    bus: Bus
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, webhook_id: str, *, enabled: bool) -> Webhook:
        """The webhook as it is now; switching it to what it is changes nothing.

        Raises:
            NotFound: the tenant has no such webhook.
            Conflict: somebody else changed it at the same time.
            Transient: it may be switched and not told; the same call again tells it.
        """
        old = self.webhooks.get(tenant, webhook_id)
        webhook = self.switched(old, enabled=enabled)
        if webhook != old:
            self.webhooks.replace(old, webhook)
        self.tell(webhook)
        return webhook

    def switched(self, webhook: Webhook, *, enabled: bool) -> Webhook:
        """The webhook, on or off, and since when; the same if it is so already."""
        if webhook.enabled == enabled:
            return webhook
        return replace(
            webhook,
            enabled=enabled,
            disabled_reason=None if enabled else PAUSED,
            switched_at=timestamp(self.clock()),
        )

    def tell(self, webhook: Webhook) -> None:
        """Do what the last switch of a stored webhook asks for; again does the same again."""
        if webhook.switched_at is None:
            return
        if webhook.enabled:
            # Else its first failure would be the end of a streak from before.
            self.endpoints.reset(webhook.tenant, webhook.id)
        notice = Notice(
            kind=NoticeKind.ENABLED if webhook.enabled else NoticeKind.DISABLED,
            at_ms=round(moment(webhook.switched_at).timestamp() * 1000),
            reason=webhook.disabled_reason,
        )
        self.bus.put([endpoint_health.event(webhook.tenant, webhook.id, notice)])
