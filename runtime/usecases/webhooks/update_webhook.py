"""Change a webhook. Settings that the caller leaves out stay as they are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from runtime.core.events import topics
from runtime.core.pacing.rate_limit import RateLimit
from runtime.core.preconditions import ANY, IfMatch
from runtime.core.webhooks.webhook import Webhook
from runtime.usecases.webhooks.create_webhook import WebhookRules
from runtime.usecases.webhooks.ports import Webhooks
from runtime.usecases.webhooks.seal_access import AccessChanges, SealAccess
from runtime.usecases.webhooks.switch_webhook import SwitchWebhook


class WebhookChanges(TypedDict, total=False):
    """The settings to change. Settings that are left out stay as they are."""

    name: str
    url: str
    topics: tuple[str, ...]
    filter: Mapping[str, Any] | None
    transform: str | None
    handshake: bool
    enabled: bool
    retry_schedule_s: tuple[int, ...] | None
    timeout_s: int
    rate_limit: RateLimit | None
    max_concurrency: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateWebhook:
    """Changes webhooks."""

    webhooks: Webhooks
    rules: WebhookRules
    seal_access: SealAccess
    switch: SwitchWebhook

    def __call__(
        self,
        tenant: str,
        webhook_id: str,
        *,
        changes: WebhookChanges,
        access: AccessChanges | None = None,
        if_match: IfMatch = ANY,
    ) -> Webhook:
        """Change the webhook; returns it as it is then.

        Args:
            tenant: whose webhook it is.
            webhook_id: which one.
            changes: the settings to change.
            access: the access settings to change, in the clear; None changes none.
            if_match: which state of it the change is meant for.

        Raises:
            BadInput: a setting is refused, and nothing changed; the error names the field and the
                fix.
            NotFound: the tenant has no such webhook.
            PreconditionFailed: `if_match` names another ETag than it has.
            Conflict: somebody else changed it at the same time.
        """
        if "topics" in changes:
            changes["topics"] = topics.parse_all(changes["topics"])
        old = self.webhooks.get(tenant, webhook_id)
        if_match.check(old.etag)
        enabled = changes.pop("enabled", old.enabled)
        sealed_access = self.seal_access(tenant, access or AccessChanges())
        webhook = self.switch.switched(replace(old, **changes, **sealed_access), enabled=enabled)
        self.rules.check(webhook, before=old)
        self.rules.shake_hands(webhook, before=old)
        self.webhooks.replace(old, webhook)
        if enabled != old.enabled:
            self.switch.tell(webhook)
        return webhook
