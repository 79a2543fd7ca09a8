"""Create a webhook. Its signing secret is returned once, and stored only encrypted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from runtime.core.events import topics
from runtime.core.formats import formats
from runtime.core.functions import life
from runtime.core.functions.function import Function
from runtime.core.matching import matching
from runtime.core.pacing.rate_limit import RateLimit
from runtime.core.timestamps import timestamp
from runtime.core.webhooks import access_rules, rules
from runtime.core.webhooks.webhook import DEFAULT_TIMEOUT_S, Format, KeyKind, Webhook
from runtime.errors import BadInput, NotFound
from runtime.usecases.webhooks.make_secret import MadeSecret, MakeSecret, Wanted, WithSecret
from runtime.usecases.webhooks.seal_access import AccessChanges, SealAccess


class Webhooks(Protocol):
    """Stores webhooks."""

    def add(self, webhook: Webhook) -> None:
        """Store a new webhook."""


class Functions(Protocol):
    """Stores functions."""

    def get(self, tenant: str, name: str) -> Function:
        """One function.

        Raises:
            NotFound: the tenant has no such function.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    """The settings of a webhook that a caller wants to create; see `Webhook` for most of them."""

    name: str
    url: str
    topics: tuple[str, ...]
    filter: Mapping[str, Any] | None = None
    transform: str | None = None
    format: Format = Format.STANDARD
    handshake: bool = False
    enabled: bool = True
    retry_schedule_s: tuple[int, ...] | None = None
    timeout_s: int = DEFAULT_TIMEOUT_S
    access: AccessChanges = field(default_factory=AccessChanges)  # in the clear
    own_secret: str | None = None  # the caller's own signing secret; None to have one made
    ed25519: bool = False  # whether to make an ed25519 key besides
    rate_limit: RateLimit | None = None
    max_concurrency: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRules:
    """The rules that every new or changed webhook must satisfy."""

    functions: Functions
    # Raises BadInput, with the egress guard's code, for a URL that nothing could be sent to. It
    # resolves the host's name, so it is called last, and only for a new URL.
    vet_url: Callable[[str], object]
    # Asks the receiver at a URL whether it wants our requests; raises BadInput unless it does.
    ask_receiver: Callable[[str], None]

    def check(self, webhook: Webhook, *, before: Webhook | None = None) -> None:
        """Refuse a webhook that could never work.

        Args:
            webhook: as it is to be stored.
            before: as it is stored now; None for a new one.

        Raises:
            BadInput: the error names the field and the fix.
            Conflict: code `function_deleted`: its transform is deleted, and can be restored.
            Transient: code `dns_timeout`; the same call may work in a moment.
        """
        rules.check_name(webhook.name)
        rules.check_timeout(webhook.timeout_s)
        rules.check_schedule(webhook.retry_schedule_s)
        formats.check_handshake(webhook.format, handshake=webhook.handshake)
        access_rules.check_together(webhook)
        rules.check_limits(webhook.rate_limit, webhook.max_concurrency)
        if webhook.filter is not None:
            matching.compile(webhook.filter)
        # A transform that was deleted by force since then does not keep the rest from a change.
        is_new = before is None or before.transform != webhook.transform
        if webhook.transform is not None and is_new:
            self._check_transform(webhook.tenant, webhook.transform)
        if before is None or before.url != webhook.url:
            self.vet_url(webhook.url)

    def shake_hands(self, webhook: Webhook, *, before: Webhook | None = None) -> None:
        """Ask the receiver whether it wants our requests, if the webhook has `handshake` set.

        A receiver that was asked before the change is not asked again at the same URL.

        Raises:
            BadInput: code `handshake_refused` or `handshake_failed`.
        """
        was_asked = before is not None and before.handshake and before.url == webhook.url
        if webhook.handshake and not was_asked:
            self.ask_receiver(webhook.url)

    def _check_transform(self, tenant: str, name: str) -> None:
        try:
            life.kept(self.functions.get(tenant, name))
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
    seal_access: SealAccess
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, new: NewWebhook) -> WithSecret:
        """Store a new webhook; returns it with its signing secret, unless that is the caller's own.

        Raises:
            BadInput: a setting is refused; the error names the field and the fix.
            Transient: code `dns_timeout`; the same call may work in a moment.
        """
        now = timestamp(self.clock())
        webhook = Webhook(
            id=self.new_id("whk"),
            tenant=tenant,
            name=new.name,
            url=new.url,
            topics=topics.parse_all(new.topics),
            created_at=now,
            filter=new.filter,
            transform=new.transform,
            format=new.format,
            handshake=new.handshake,
            enabled=new.enabled,
            retry_schedule_s=new.retry_schedule_s,
            timeout_s=new.timeout_s,
            rate_limit=new.rate_limit,
            max_concurrency=new.max_concurrency,
            **self.seal_access(tenant, new.access),
        )
        self.rules.check(webhook)
        shared = self._secret(webhook, Wanted(kind=KeyKind.HMAC, own=new.own_secret))
        keys = [self._secret(webhook, Wanted(kind=KeyKind.ED25519))] if new.ed25519 else []
        webhook_with_secrets = replace(
            webhook, secrets=tuple(made.sealed for made in (shared, *keys))
        )
        self.rules.shake_hands(webhook_with_secrets)
        self.webhooks.add(webhook_with_secrets)
        return WithSecret(webhook_with_secrets, shared.shown)

    def _secret(self, webhook: Webhook, wanted: Wanted) -> MadeSecret:
        return self.make_secret(
            webhook.tenant, wanted=wanted, webhook_format=webhook.format, now=webhook.created_at
        )
