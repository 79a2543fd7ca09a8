"""/v1/deliveries."""

from dataclasses import astuple

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Answer, Audited, Listing, ListQuery, endpoint, listing
from runtime.core.deliveries.delivery import Delivery, Selection, Status
from runtime.core.tenancy.api_key import ApiKey, reached
from runtime.wiring.api import Api


class DeliveriesQuery(ListQuery):
    """Which deliveries."""

    webhook: fields.ResourceId | None = None
    status: Status | None = Field(
        default=None, description="with `pending` the next due come first"
    )
    topic: fields.ExactTopic | None = Field(default=None, description="an exact topic")
    event: fields.ResourceId | None = Field(
        default=None, description="the id of an event; with `webhook` also of one deleted since"
    )
    since: fields.Time | None = Field(default=None, description="created at or after, RFC 3339")
    until: fields.Time | None = Field(default=None, description="created at or before, RFC 3339")

    def selection_of(self, caller: ApiKey) -> Selection:
        """The same, as the use case takes it; of all deliveries that the caller may see.

        Raises:
            NotFound: code `webhook_not_found`.
        """
        return Selection(
            webhook_id=reached(caller, self.webhook),
            status=self.status,
            topic=self.topic,
            event_id=self.event,
            since=self.since,
            until=self.until,
        )


class AttemptOut(Answer):
    """One POST. `status` is null when no answer came; `error` then says why."""

    number: int
    started_at: str
    duration_ms: int
    status: int | None
    error: str | None
    sentence: str
    answer_excerpt: str
    timing_ms: dict[str, float]


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


# What the audit log keeps of a delivery: nothing of the event, which may be about a person.
SUMMARY = frozenset(DeliverySummary.model_fields)


class DeliveryOut(DeliverySummary):
    """A delivery; `body` is the exact text that is signed and sent.

    A body of more than 256 KB is null in the answer to a retry, and once its retention is over.
    """

    body: str | None
    attempts: list[AttemptOut]


class RequestOut(Answer):
    """The POST of a delivery, without the login and the headers that only its endpoint may see.

    A receiver takes it for as long as it takes any: the signature is five minutes old at most.
    """

    headers: dict[str, str]
    body: str = Field(description="the exact text that is signed")


@endpoint("GET", "/v1/deliveries", scope="deliveries:read", is_for_receivers=True)
def list_all(api: Api, caller: ApiKey, *, query: DeliveriesQuery) -> Listing[DeliverySummary]:
    """List deliveries, the newest first; a page may be short and not the last.

    Those with `status=pending` come in the order in which they are due; one that is put off while
    you read may come again, further back.
    """
    selection = query.selection_of(caller)
    of = (caller.tenant, "deliveries", *(str(each or "") for each in astuple(selection)))
    page = api.deliveries.list(
        caller.tenant, selection, limit=query.limit, after=query.position(*of)
    )
    return listing(page, DeliverySummary.model_validate, of=of)


@endpoint("GET", "/v1/deliveries/{delivery_id}", scope="deliveries:read", is_for_receivers=True)
def show(api: Api, caller: ApiKey, *, delivery_id: fields.ResourceId) -> DeliveryOut:
    """Show a delivery with every attempt."""
    return _delivery_out(
        api.deliveries.show(caller.tenant, delivery_id, of_webhook=caller.webhook_id)
    )


@endpoint(
    "GET", "/v1/deliveries/{delivery_id}/request", scope="deliveries:write", is_for_receivers=True
)
def request(api: Api, caller: ApiKey, *, delivery_id: fields.ResourceId) -> RequestOut:
    """Show the POST that would bring a delivery now, signed now; nothing is sent or recorded.

    `penstock listen` carries it to a receiver on a developer's machine.
    """
    wire = api.deliveries.sign(caller.tenant, delivery_id, of_webhook=caller.webhook_id)
    return RequestOut(headers=dict(wire.headers), body=wire.body.decode())


@endpoint(
    "POST",
    "/v1/deliveries/{delivery_id}/retry",
    scope="deliveries:write",
    status=202,
    is_for_receivers=True,
    audited=Audited(action="delivery.retried", id=("delivery_id",), show=show.call, fields=SUMMARY),
)
def retry(api: Api, caller: ApiKey, *, delivery_id: fields.ResourceId) -> DeliveryOut:
    """Send a delivery again now, under the same id, with its schedule from the start.

    One that waits is due now, and its schedule goes on from there; one that is due within 90
    seconds is left as it is.

    If its function failed to make it, or dropped it, the function runs again on the event. The
    delivery stays as it is until that run has ended, and is then sent.
    """
    return _delivery_out(
        api.deliveries.retry(caller.tenant, delivery_id, of_webhook=caller.webhook_id)
    )


def _delivery_out(delivery: Delivery) -> DeliveryOut:
    out = DeliveryOut.model_validate(delivery)
    return out.model_copy(update={"body": None}) if delivery.is_unopened else out


ENDPOINTS = (list_all, show, request, retry)
