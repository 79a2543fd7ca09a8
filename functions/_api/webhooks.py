"""/v1/webhooks."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from functions._api.endpoint import Answer, Listing, ListQuery, Request, endpoint, listing
from runtime.api_wiring import Api
from runtime.core.api_key import ApiKey
from runtime.core.webhook import DEFAULT_TIMEOUT_S, Format
from runtime.usecases.create_webhook import NewWebhook
from runtime.usecases.update_webhook import WebhookChanges


class WebhookIn(Request):
    """A webhook to create."""

    name: str
    url: str = Field(description="https, a DNS name that resolves to public addresses, port 443")
    topics: list[str] = Field(description="exact topics, or prefixes such as `message.email.*`")
    filter: dict[str, Any] | None = Field(
        default=None, description="an EventBridge event pattern over the envelope"
    )
    transform: str | None = Field(default=None, description="the function that makes the payload")
    format: Literal["standard"] = "standard"
    enabled: bool = True
    retry_schedule_s: list[int] | None = Field(
        default=None, description="delays in seconds; null is the default schedule"
    )
    timeout_s: int = DEFAULT_TIMEOUT_S


class WebhookChangesIn(Request):
    """The fields to change; what is left out stays."""

    name: str = ""
    url: str = ""
    topics: list[str] = Field(default=[])
    filter: dict[str, Any] | None = None
    transform: str | None = None
    enabled: bool = True
    retry_schedule_s: list[int] | None = None
    timeout_s: int = DEFAULT_TIMEOUT_S


class WebhookOut(Answer):
    """A webhook."""

    id: str
    name: str
    url: str
    topics: list[str]
    filter: dict[str, Any] | None
    transform: str | None
    format: Format
    enabled: bool
    disabled_reason: str | None
    retry_schedule_s: list[int] | None
    timeout_s: int
    created_at: str


class WebhookCreated(WebhookOut):
    """A webhook just created, with its signing secret, which is never shown again."""

    shown_once: ClassVar[str | None] = "secret"
    secret: str


@endpoint("POST", "/v1/webhooks", scope="webhooks", status=201)
def create(api: Api, caller: ApiKey, *, body: WebhookIn) -> WebhookCreated:
    """Create a webhook; its signing secret is shown only here."""
    webhook, secret = api.create_webhook(
        caller.tenant,
        NewWebhook(
            **body.model_dump(exclude={"topics", "format", "retry_schedule_s"}),
            topics=tuple(body.topics),
            format=Format(body.format),
            retry_schedule_s=_delays(body.retry_schedule_s),
        ),
    )
    shown = WebhookOut.model_validate(webhook).model_dump()
    return WebhookCreated(**shown, secret=secret)


@endpoint("GET", "/v1/webhooks", scope="webhooks")
def list_all(api: Api, caller: ApiKey, *, query: ListQuery) -> Listing[WebhookOut]:
    """List webhooks."""
    of = (caller.tenant, "webhooks")
    page = api.webhooks.list(caller.tenant, limit=query.limit, after=query.position(*of))
    return listing(page, WebhookOut.model_validate, of=of)


@endpoint("GET", "/v1/webhooks/{webhook_id}", scope="webhooks")
def show(api: Api, caller: ApiKey, *, webhook_id: str) -> WebhookOut:
    """Show a webhook."""
    return WebhookOut.model_validate(api.webhooks.get(caller.tenant, webhook_id))


@endpoint("PATCH", "/v1/webhooks/{webhook_id}", scope="webhooks")
def change(api: Api, caller: ApiKey, *, webhook_id: str, body: WebhookChangesIn) -> WebhookOut:
    """Change a webhook; what is left out stays as it is."""
    changes = WebhookChanges(**body.model_dump(exclude_unset=True))  # type: ignore[typeddict-item]
    if "topics" in changes:
        changes["topics"] = tuple(body.topics)
    if "retry_schedule_s" in changes:
        changes["retry_schedule_s"] = _delays(body.retry_schedule_s)
    return WebhookOut.model_validate(api.update_webhook(caller.tenant, webhook_id, changes=changes))


@endpoint("DELETE", "/v1/webhooks/{webhook_id}", scope="webhooks", status=204)
def delete(api: Api, caller: ApiKey, *, webhook_id: str) -> None:
    """Delete a webhook; deliveries still due end as skipped."""
    api.webhooks.delete(caller.tenant, webhook_id)


def _delays(delays_s: list[int] | None) -> tuple[int, ...] | None:
    return None if delays_s is None else tuple(delays_s)


ENDPOINTS = (create, list_all, show, change, delete)
