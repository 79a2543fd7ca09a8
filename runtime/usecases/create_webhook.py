"""Create a webhook; its signing secret is returned once and rests only encrypted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from runtime.core import matching, topics, webhook_rules
from runtime.core.envelope import timestamp
from runtime.core.function import Function
from runtime.core.webhook import DEFAULT_TIMEOUT_S, Format, KeyKind, Webhook
from runtime.errors import BadInput, NotFound
from runtime.usecases.make_secret import MakeSecret


class Webhooks(Protocol):
    """Where webhooks rest."""

    def add(self, webhook: Webhook) -> None:
        """Store a new webhook."""


class Functions(Protocol):
    """Where functions rest."""

    def get(self, tenant: str, name: str) -> Function:
        """One function; raises NotFound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    """What a caller asks for; `own_secret` instead of one made here, `ed25519` a key besides."""

    name: str
    url: str
    topics: tuple[str, ...]
    filter: Mapping[str, Any] | None = None
    transform: str | None = None
    format: Format = Format.STANDARD
    enabled: bool = True
    retry_schedule_s: tuple[int, ...] | None = None
    timeout_s: int = DEFAULT_TIMEOUT_S
    own_secret: str | None = None
    ed25519: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRules:
    """Everything that a webhook must satisfy, new or changed.

    `check_url` raises BadInput with the egress rules' own code, so that a URL which could never be
    delivered to is refused when it is entered and not at the first event.
    """

    functions: Functions
    check_url: Callable[[str], None]

    def check(self, webhook: Webhook) -> None:
        """Refuse a webhook that could never work.

        Raises:
            BadInput: naming the field and the fix.
        """
        webhook_rules.check_name(webhook.name)
        webhook_rules.check_timeout(webhook.timeout_s)
        webhook_rules.check_schedule(webhook.retry_schedule_s)
        self.check_url(webhook.url)
        if webhook.filter is not None:
            matching.compile(webhook.filter)
        if webhook.transform is not None:
            self._check_transform(webhook.tenant, webhook.transform)

    def _check_transform(self, tenant: str, name: str) -> None:
        try:
            self.functions.get(tenant, name)
        except NotFound as problem:
            raise BadInput(
                f"there is no function {name!r}; create it first",
                field="transform",
                code="unknown_function",
            ) from problem


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateWebhook:
    """Makes webhooks."""

    webhooks: Webhooks
    rules: WebhookRules
    new_id: Callable[[str], str]
    make_secret: MakeSecret
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, wanted: NewWebhook) -> tuple[Webhook, str | None]:
        """The stored webhook and its signing secret; None when that is the caller's own.

        Raises:
            BadInput: naming the field and the fix.
        """
        now = timestamp(self.clock())
        webhook = Webhook(
            id=self.new_id("whk"),
            tenant=tenant,
            name=wanted.name,
            url=wanted.url,
            topics=topics.parse_all(wanted.topics),
            created_at=now,
            filter=wanted.filter,
            transform=wanted.transform,
            format=wanted.format,
            enabled=wanted.enabled,
            retry_schedule_s=wanted.retry_schedule_s,
            timeout_s=wanted.timeout_s,
        )
        self.rules.check(webhook)
        # Sealing asks KMS, so it comes after every reason to refuse.
        made = self.make_secret(tenant, now=now, kind=KeyKind.HMAC, own=wanted.own_secret)
        secrets = [made.sealed]
        if wanted.ed25519:
            secrets.append(self.make_secret(tenant, now=now, kind=KeyKind.ED25519).sealed)
        stored = replace(webhook, secrets=tuple(secrets))
        self.webhooks.add(stored)
        return stored, made.shown
