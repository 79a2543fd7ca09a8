"""/v1/webhooks."""

from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from functions._api import fields
from functions._api.deliveries import SUMMARY, DeliveryOut
from functions._api.endpoint import (
    Answer,
    Audited,
    Listing,
    ListQuery,
    Request,
    endpoint,
    listing,
    without_defaults,
)
from functions._api.webhook_access import ACCESS_FIELDS, AccessIn, access_of
from runtime.core import overlap
from runtime.core.pacing.rate_limit import Per, RateLimit
from runtime.core.preconditions import IfMatch
from runtime.core.tenancy.api_key import ApiKey
from runtime.core.webhooks.webhook import DEFAULT_TIMEOUT_S, Format, KeyKind, Webhook
from runtime.usecases.webhooks.create_webhook import NewWebhook
from runtime.usecases.webhooks.make_secret import Wanted
from runtime.usecases.webhooks.rotate_secret import Rotation
from runtime.usecases.webhooks.update_webhook import WebhookChanges
from runtime.wiring.api import Api


class RateLimitIn(Request):
    """At most so many attempts in each second, minute or hour of the clock."""

    count: fields.RateCount
    per: Literal["second", "minute", "hour"]


class WebhookIn(AccessIn):
    """A webhook to create."""

    # For the document; the core enforces it.
    model_config = ConfigDict(
        json_schema_extra={
            "not": {
                "required": ["handshake"],
                "properties": {
                    "handshake": {"const": True},
                    "format": {"enum": ["standard", "klaviyo"]},
                },
            }
        }
    )

    name: fields.Name
    url: fields.Url = Field(
        description="https, a DNS name that resolves to public addresses, an allowed port"
    )
    topics: fields.Topics = Field(description="exact topics, or prefixes such as `message.email.*`")
    filter: fields.Filter | None = Field(
        default=None, description="an EventBridge event pattern over the envelope"
    )
    transform: fields.FunctionRef | None = Field(
        default=None, description="the function that makes the payload"
    )
    format: Literal["standard", "klaviyo", "cloudevents"] = Field(
        default="standard", description="how the request looks; it cannot be changed later"
    )
    handshake: bool = Field(
        default=False, description="`cloudevents`: ask the receiver by OPTIONS before anything else"
    )
    enabled: bool = True
    retry_schedule_s: fields.Delays | None = Field(
        default=None, description="delays in seconds; null is the default schedule"
    )
    timeout_s: fields.Timeout = DEFAULT_TIMEOUT_S
    secret: fields.OwnSecret | None = Field(
        default=None, description="your own, `whsec_…` of 24 to 64 bytes; null has one made"
    )
    ed25519: bool = Field(default=False, description="sign with a private key as well (`v1a`)")
    rate_limit: RateLimitIn | None = Field(
        default=None, description="what is too much is delayed, not dropped"
    )
    max_concurrency: fields.Concurrency | None = Field(
        default=None, description="attempts at the same time"
    )


class WebhookChangesIn(AccessIn):
    """The fields to change; what is left out stays."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    name: fields.Name = ""
    url: fields.Url = ""
    topics: fields.Topics = Field(default=[])
    filter: fields.Filter | None = None
    transform: fields.FunctionRef | None = None
    handshake: bool = False
    enabled: bool = True
    retry_schedule_s: fields.Delays | None = None
    timeout_s: fields.Timeout = DEFAULT_TIMEOUT_S
    rate_limit: RateLimitIn | None = None
    max_concurrency: fields.Concurrency | None = None


class RateLimitOut(Answer):
    """At most so many attempts in each second, minute or hour of the clock."""

    count: int
    per: Per


class SigningKeyOut(Answer):
    """What may be shown of a signing secret. It signs until `expires_at`; null: until rotated."""

    kind: KeyKind
    public_key: str | None
    created_at: str
    expires_at: str | None


class WebhookOut(Answer):
    """A webhook."""

    id: str
    name: str
    url: str
    topics: list[str]
    filter: dict[str, Any] | None
    transform: str | None
    format: Format
    handshake: bool
    enabled: bool
    disabled_reason: str | None
    switched_at: str | None
    retry_schedule_s: list[int] | None
    timeout_s: int
    signing_keys: list[SigningKeyOut]
    header_names: list[str]
    auth_kind: str | None
    certificate_expires_at: str | None
    rate_limit: RateLimitOut | None
    max_concurrency: int | None
    created_at: str
    etag: fields.ETag


class WebhookCreated(WebhookOut):
    """A webhook with its new secret, never shown again; null for your own and for a private key."""

    shown_once: ClassVar[str | None] = "secret"
    secret: str | None


class RotationIn(Request):
    """How to change the signing secret; `{}` has a new shared secret (`hmac`) made."""

    overlap_s: fields.Overlap = Field(
        default=overlap.DEFAULT_S,
        description="seconds that secrets of the same kind still sign",
    )
    kind: Literal["hmac", "ed25519"] | None = Field(
        default=None,
        description="`hmac` is shared (`v1`); of `ed25519` (`v1a`) you get the public key",
    )
    secret: fields.OwnSecret | None = Field(
        default=None, description="your own: `whsec_…` of 24 to 64 bytes, or `whsk_…`"
    )


@endpoint(
    "POST",
    "/v1/webhooks",
    scope="webhooks:write",
    status=201,
    audited=Audited(action="webhook.created", id=("id",)),
)
def create(api: Api, caller: ApiKey, *, body: WebhookIn) -> WebhookCreated:
    """Create a webhook; its signing secret is shown only here."""
    webhook, secret = api.webhooks.create(
        caller.tenant,
        NewWebhook(
            **body.model_dump(
                exclude={
                    "topics",
                    "format",
                    "retry_schedule_s",
                    "rate_limit",
                    "secret",
                    *ACCESS_FIELDS,
                }
            ),
            access=access_of(body),
            topics=tuple(body.topics),
            format=Format(body.format),
            retry_schedule_s=_delays(body.retry_schedule_s),
            own_secret=body.secret,
            rate_limit=_limit(body.rate_limit),
        ),
    )
    return _with_secret(webhook, secret)


@endpoint("GET", "/v1/webhooks", scope="webhooks:read")
def list_all(api: Api, caller: ApiKey, *, query: ListQuery) -> Listing[WebhookOut]:
    """List webhooks."""
    of = (caller.tenant, "webhooks")
    page = api.webhooks.store.list(caller.tenant, limit=query.limit, after=query.position(*of))
    return listing(page, WebhookOut.model_validate, of=of)


@endpoint("GET", "/v1/webhooks/{webhook_id}", scope="webhooks:read", is_for_receivers=True)
def show(api: Api, caller: ApiKey, *, webhook_id: fields.ResourceId) -> WebhookOut:
    """Show a webhook."""
    return WebhookOut.model_validate(api.webhooks.store.get(caller.tenant, webhook_id))


def _audited(action: str) -> Audited:
    return Audited(action=action, id=("webhook_id",), show=show.call)


@endpoint(
    "PATCH",
    "/v1/webhooks/{webhook_id}",
    scope="webhooks:write",
    audited=_audited("webhook.updated"),
)
def change(
    api: Api,
    caller: ApiKey,
    *,
    webhook_id: fields.ResourceId,
    body: WebhookChangesIn,
    if_match: IfMatch,
) -> WebhookOut:
    """Change a webhook; what is left out stays as it is."""
    changes = WebhookChanges(**body.model_dump(exclude_unset=True, exclude=set(ACCESS_FIELDS)))  # type: ignore[typeddict-item]
    if "topics" in changes:
        changes["topics"] = tuple(body.topics)
    if "retry_schedule_s" in changes:
        changes["retry_schedule_s"] = _delays(body.retry_schedule_s)
    if "rate_limit" in changes:
        changes["rate_limit"] = _limit(body.rate_limit)
    return WebhookOut.model_validate(
        api.webhooks.update(
            caller.tenant,
            webhook_id,
            changes=changes,
            access=access_of(body),
            if_match=if_match,
        )
    )


@endpoint(
    "DELETE",
    "/v1/webhooks/{webhook_id}",
    scope="webhooks:write",
    status=204,
    audited=_audited("webhook.deleted"),
)
def delete(api: Api, caller: ApiKey, *, webhook_id: fields.ResourceId, if_match: IfMatch) -> None:
    """Delete a webhook; deliveries still due end as skipped."""
    api.webhooks.delete(caller.tenant, webhook_id, if_match=if_match)


@endpoint(
    "POST",
    "/v1/webhooks/{webhook_id}/rotate-secret",
    scope="webhooks:write",
    is_for_receivers=True,
    audited=_audited("webhook.secret_rotated"),
)
def rotate_secret(
    api: Api, caller: ApiKey, *, webhook_id: fields.ResourceId, body: RotationIn, if_match: IfMatch
) -> WebhookCreated:
    """Change the signing secret; the old one signs too until the overlap has passed."""
    rotation = Rotation(
        overlap_s=body.overlap_s,
        secret=Wanted(kind=None if body.kind is None else KeyKind(body.kind), own=body.secret),
    )
    return _with_secret(
        *api.webhooks.rotate_secret(caller.tenant, webhook_id, wanted=rotation, if_match=if_match)
    )


def _with_secret(webhook: Webhook, secret: str | None) -> WebhookCreated:
    return WebhookCreated(**WebhookOut.model_validate(webhook).model_dump(), secret=secret)


@endpoint(
    "POST",
    "/v1/webhooks/{webhook_id}/enable",
    scope="webhooks:write",
    audited=_audited("webhook.enabled"),
)
def enable(
    api: Api, caller: ApiKey, *, webhook_id: fields.ResourceId, if_match: IfMatch
) -> WebhookOut:
    """Switch a webhook on; what it missed can be replayed."""
    return _switched(api, caller, webhook_id, enabled=True, if_match=if_match)


@endpoint(
    "POST",
    "/v1/webhooks/{webhook_id}/disable",
    scope="webhooks:write",
    audited=_audited("webhook.disabled"),
)
def disable(
    api: Api, caller: ApiKey, *, webhook_id: fields.ResourceId, if_match: IfMatch
) -> WebhookOut:
    """Switch a webhook off; what it would have got is recorded as skipped."""
    return _switched(api, caller, webhook_id, enabled=False, if_match=if_match)


@endpoint(
    "POST",
    "/v1/webhooks/{webhook_id}/test",
    scope="webhooks:write",
    status=202,
    is_for_receivers=True,
    audited=Audited(action="webhook.tested", id=("webhook_id",), fields=SUMMARY),
)
def try_out(api: Api, caller: ApiKey, *, webhook_id: fields.ResourceId) -> DeliveryOut:
    """Send a webhook one event of topic `webhook.test`, whatever it listens to."""
    return DeliveryOut.model_validate(api.webhooks.try_out(caller.tenant, webhook_id))


def _switched(
    api: Api, caller: ApiKey, webhook_id: str, *, enabled: bool, if_match: IfMatch
) -> WebhookOut:
    webhook = api.webhooks.switch(caller.tenant, webhook_id, enabled=enabled, if_match=if_match)
    return WebhookOut.model_validate(webhook)


def _delays(delays_s: list[int] | None) -> tuple[int, ...] | None:
    return None if delays_s is None else tuple(delays_s)


def _limit(body: RateLimitIn | None) -> RateLimit | None:
    return None if body is None else RateLimit(count=body.count, per=Per(body.per))


ENDPOINTS = (create, list_all, show, change, delete, rotate_secret, try_out, enable, disable)
