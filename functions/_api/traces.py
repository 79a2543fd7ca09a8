"""/v1/traces: what became of one event.

The path is not one below `/v1/events/{event_id}`: an event's id may end with any text and have
slashes, so some gateways could not tell the two apart.
"""

from typing import Any, Final, Literal

from pydantic import Field

from functions._api import fields
from functions._api.deliveries import AttemptOut, DeliverySummary
from functions._api.endpoint import Answer, Listing, ListQuery, endpoint, listing
from runtime.core.functions.function import Function
from runtime.core.functions.run import Outcome
from runtime.core.matching.explain import MAX_FOUND, MAX_REFUSALS, Explanation, Verdict
from runtime.core.tenancy.api_key import ApiKey
from runtime.core.webhooks.webhook import Webhook
from runtime.usecases.events.trace_event import Traced
from runtime.wiring.api import Api

_OF_SUBSCRIBERS: Final = ("name", "enabled", "disabled_reason", "created_at")


class RefusalOut(Answer):
    """A line of a filter that said no."""

    trigger: int = Field(description="which of the triggers it stands in, from 0")
    at: str = Field(description="where it stands, such as `filter.properties.value`")
    place: str = Field(description="where the event's value stands; arrays are skipped")
    wanted: list[Any] = Field(description="the rules, of which one had to hold")
    found: list[Any] = Field(
        description=f"the first {MAX_FOUND} values that the event has there, long texts cut;"
        " empty for no value"
    )
    apart: bool = Field(
        description="whether the line holds for some element of an array, but for none in which"
        " the filter's other lines about that array hold, too"
    )


class TracedRun(Answer):
    """A run, without its output, logs and effects."""

    id: str
    version: int = Field(description="0 when no version could run")
    outcome: Outcome
    attempt: int
    due_at_ms: int | None = Field(description="when the next attempt is due; null without one")
    error: dict[str, Any] | None
    created_at: str


class TracedDelivery(DeliverySummary):
    """A delivery with every attempt, without its body."""

    attempts: list[AttemptOut]


class TracedOut(Answer):
    """What one function or webhook made of the event.

    The verdict is that of the subscriber as it is now. It may have been another when the event
    came: `run` and `delivery` are what was done.
    """

    kind: Literal["function", "webhook"]
    id: str = Field(description="the function's name, or the webhook's id")
    name: str | None = Field(
        description="null for a delivery that a function made besides the webhook's own"
    )
    verdict: Verdict | None = Field(description="null as for `name`")
    refusals: list[RefusalOut] = Field(
        description=f"the first {MAX_REFUSALS} lines of its filters that said no"
    )
    refusals_left_out: int = Field(description="how many more lines said no")
    enabled: bool | None = Field(description="false also while it is deleted; null as for `name`")
    disabled_reason: str | None = Field(
        description="a code; null for an enabled one, and for a function that is switched off"
    )
    created_at: str | None = Field(
        description="an event that came before this did not reach it; null as for `name`"
    )
    run: TracedRun | None = Field(description="null when nothing ran yet")
    delivery: TracedDelivery | None = Field(description="null before its first attempt")


@endpoint("GET", "/v1/traces/{event_id+}", scope="events:read")
def show(
    api: Api, caller: ApiKey, *, event_id: fields.ResourceId, query: ListQuery
) -> Listing[TracedOut]:
    """Show who took an event, why the others did not, and what came of it.

    Functions come first, then webhooks, then the deliveries that functions made besides a
    webhook's own. A page has 25 of them at most, and may be short and not the last. Functions and
    webhooks that are gone for good are not listed.
    """
    of = (caller.tenant, "trace", event_id)
    page = api.events.trace(caller.tenant, event_id, limit=query.limit, after=query.position(*of))
    return listing(page, _traced_out, of=of)


def _traced_out(traced: Traced) -> TracedOut:
    explanation = traced.explanation or Explanation(verdict=Verdict.NO_TRIGGER)
    return TracedOut.model_validate(
        {
            **_about(traced),
            "verdict": None if traced.explanation is None else explanation.verdict,
            "refusals": explanation.refusals,
            "refusals_left_out": explanation.left_out,
            "run": traced.run,
            "delivery": traced.delivery,
        }
    )


def _about(traced: Traced) -> dict[str, Any]:
    match traced.subscriber:
        case None:
            webhook_id = None if traced.delivery is None else traced.delivery.webhook_id
            return {"kind": "webhook", "id": webhook_id} | dict.fromkeys(_OF_SUBSCRIBERS)
        case Function() as function:
            return {
                "kind": "function",
                "id": function.name,
                "name": function.name,
                "enabled": function.enabled and function.deleted_at is None,
                "disabled_reason": None if function.deleted_at is None else "deleted",
                "created_at": function.created_at,
            }
        case Webhook() as webhook:
            return {
                "kind": "webhook",
                "id": webhook.id,
                "name": webhook.name,
                "enabled": webhook.enabled,
                "disabled_reason": webhook.disabled_reason,
                "created_at": webhook.created_at,
            }


ENDPOINTS = (show,)
