"""Switch a webhook on or off, and send the notice of it to its subscribers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from runtime.core.pacing import endpoint_health
from runtime.core.pacing.endpoint_health import Notice, NoticeKind
from runtime.core.preconditions import ANY, IfMatch
from runtime.core.timestamps import moment, timestamp
from runtime.core.webhooks.webhook import Webhook
from runtime.usecases.ports import Bus
from runtime.usecases.webhooks.ports import Webhooks

PAUSED: Final = (
    "paused"  # the reason if a person did it; `gone` and `failing` are the product's own
)


class Endpoints(Protocol):
    """Stores the health of endpoints."""

    def reset(self, tenant: str, webhook_id: str) -> None:
        """Forget all failures of the endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchWebhook:
    """Switches webhooks."""

    webhooks: Webhooks
    endpoints: Endpoints
    bus: Bus
    clock: Callable[[], datetime]

    def __call__(
        self, tenant: str, webhook_id: str, *, enabled: bool, if_match: IfMatch = ANY
    ) -> Webhook:
        """Switch the webhook on or off; returns it. Nothing changes if it is so already.

        Raises:
            NotFound: the tenant has no such webhook.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: somebody else changed it at the same time.
            Transient: it may be switched although the notice was not sent; call again to send it.
        """
        old = self.webhooks.get(tenant, webhook_id)
        if_match.check(old.etag)
        webhook = self.switched(old, enabled=enabled)
        if webhook != old:
            self.webhooks.replace(old, webhook)
        self.tell(webhook)
        return webhook

    def switched(self, webhook: Webhook, *, enabled: bool) -> Webhook:
        """The webhook as switched on or off now; the same object if it is so already."""
        if webhook.enabled == enabled:
            return webhook
        return replace(
            webhook,
            enabled=enabled,
            disabled_reason=None if enabled else PAUSED,
            switched_at=timestamp(self.clock()),
        )

    def tell(self, webhook: Webhook) -> None:
        """Reset the endpoint's health and send the notice. Doing so twice does no harm."""
        if webhook.switched_at is None:
            return
        if webhook.enabled:
            # Otherwise the next failure would be added to those from before.
            self.endpoints.reset(webhook.tenant, webhook.id)
        notice = Notice(
            kind=NoticeKind.ENABLED if webhook.enabled else NoticeKind.DISABLED,
            at_ms=round(moment(webhook.switched_at).timestamp() * 1000),
            reason=webhook.disabled_reason,
        )
        self.bus.put([endpoint_health.event(webhook.tenant, webhook.id, notice)])
