"""/v1/webhooks/{webhook_id}/replay and /v1/webhooks/{webhook_id}/replays."""

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Answer, Audited, Listing, ListQuery, Request, endpoint, listing
from runtime.core.deliveries.delivery import Status
from runtime.core.deliveries.replay import MISSED
from runtime.core.preconditions import IfMatch
from runtime.core.replays.replay import Kind, ReplayState, Subject
from runtime.core.tenancy.api_key import ApiKey
from runtime.errors import BadInput
from runtime.usecases.deliveries.start_replay import WantedReplay
from runtime.wiring.api import Api


class ReplayIn(Request):
    """Which of the webhook's deliveries to send again; by default everything that was missed."""

    statuses: fields.EndedStatuses = Field(
        default=[str(each) for each in MISSED], description="of delivered, dead, skipped, dropped"
    )
    since: fields.Time | None = Field(default=None, description="created at or after, RFC 3339")
    until: fields.Time | None = Field(default=None, description="created at or before; at most now")
    topic: fields.ExactTopic | None = Field(default=None, description="an exact topic")
    to: fields.ResourceId | None = Field(
        default=None, description="another webhook that gets them instead"
    )


class ReplayOut(Answer):
    """A replay. `passed_over` counts deliveries that were asked for and could not be sent again."""

    id: str
    webhook_id: str
    state: ReplayState
    statuses: list[Status]
    since: str | None
    until: str
    topic: str | None
    to: str | None
    replayed: int
    passed_over: int
    created_at: str
    finished_at: str | None
    etag: fields.ETag


@endpoint(
    "POST",
    "/v1/webhooks/{webhook_id}/replay",
    scope="deliveries:write",
    status=202,
    audited=Audited(action="replay.started", id=("id",)),
)
def start(api: Api, caller: ApiKey, *, webhook_id: fields.ResourceId, body: ReplayIn) -> ReplayOut:
    """Send deliveries again, as a job; ids stay, so that receivers can dedupe."""
    replay = WantedReplay(
        statuses=_statuses(body.statuses),
        since=body.since,
        until=body.until,
        topic=body.topic,
        to=body.to,
    )
    return ReplayOut.model_validate(
        api.deliveries.start_replay(caller.tenant, webhook_id, wanted=replay)
    )


@endpoint("GET", "/v1/webhooks/{webhook_id}/replays", scope="deliveries:read")
def list_all(
    api: Api, caller: ApiKey, *, webhook_id: fields.ResourceId, query: ListQuery
) -> Listing[ReplayOut]:
    """List a webhook's replays, the newest first."""
    of = (caller.tenant, "replays", webhook_id)
    api.webhooks.store.get(caller.tenant, webhook_id)
    page = api.deliveries.replays.list(
        caller.tenant, _of(webhook_id), limit=query.limit, after=query.position(*of)
    )
    return listing(page, ReplayOut.model_validate, of=of)


@endpoint("GET", "/v1/webhooks/{webhook_id}/replays/{replay_id}", scope="deliveries:read")
def show(
    api: Api, caller: ApiKey, *, webhook_id: fields.ResourceId, replay_id: fields.ResourceId
) -> ReplayOut:
    """Show how far a replay is."""
    return ReplayOut.model_validate(
        api.deliveries.replays.get(caller.tenant, _of(webhook_id), replay_id)
    )


@endpoint(
    "POST",
    "/v1/webhooks/{webhook_id}/replays/{replay_id}/cancel",
    scope="deliveries:write",
    audited=Audited(action="replay.cancelled", id=("replay_id",), show=show.call),
)
def cancel(
    api: Api,
    caller: ApiKey,
    *,
    webhook_id: fields.ResourceId,
    replay_id: fields.ResourceId,
    if_match: IfMatch,
) -> ReplayOut:
    """Stop a replay; what it has sent again stays so."""
    return ReplayOut.model_validate(
        api.deliveries.cancel_replay(caller.tenant, _of(webhook_id), replay_id, if_match=if_match)
    )


def _of(webhook_id: str) -> Subject:
    return Subject(Kind.DELIVERIES, webhook_id)


def _statuses(names: list[str]) -> tuple[Status, ...]:
    try:
        return tuple(map(Status, names))
    except ValueError as problem:
        raise BadInput(
            "must be one or more of delivered, dead, skipped, dropped",
            field="statuses",
            code="bad_statuses",
        ) from problem


ENDPOINTS = (start, list_all, show, cancel)
