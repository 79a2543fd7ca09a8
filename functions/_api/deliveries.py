"""/v1/deliveries."""

from functions._api.endpoint import Answer, Listing, ListQuery, endpoint, listing
from runtime.api_wiring import Api
from runtime.core.api_key import ApiKey
from runtime.core.delivery import Status


class DeliveriesQuery(ListQuery):
    """Which deliveries."""

    webhook: str | None = None
    status: Status | None = None


class AttemptOut(Answer):
    """One POST; `status` is null when no answer came, and `error` then says why."""

    number: int
    started_at: str
    duration_ms: int
    status: int | None
    error: str | None
    sentence: str
    answer_excerpt: str


class DeliverySummary(Answer):
    """A delivery in a list: without its body and attempts."""

    id: str
    webhook_id: str
    event_id: str
    topic: str
    status: Status
    reason: str | None
    created_at: str
    due_at_ms: int | None


class DeliveryOut(DeliverySummary):
    """A delivery; `body` is the exact text that is signed and sent."""

    body: str
    attempts: list[AttemptOut]


@endpoint("GET", "/v1/deliveries", scope="deliveries")
def list_all(api: Api, caller: ApiKey, *, query: DeliveriesQuery) -> Listing[DeliverySummary]:
    """List deliveries, the newest first."""
    status = query.status.value if query.status else ""
    of = (caller.tenant, "deliveries", query.webhook or "", status)
    page = api.deliveries.list(
        caller.tenant,
        webhook_id=query.webhook,
        status=query.status,
        limit=query.limit,
        after=query.position(*of),
    )
    return listing(page, DeliverySummary.model_validate, of=of)


@endpoint("GET", "/v1/deliveries/{delivery_id}", scope="deliveries")
def show(api: Api, caller: ApiKey, *, delivery_id: str) -> DeliveryOut:
    """Show a delivery with every attempt."""
    return DeliveryOut.model_validate(api.show_delivery(caller.tenant, delivery_id))


ENDPOINTS = (list_all, show)
