"""/v1/syncs/{sync_id}/backfill: what was loaded before, once more."""

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Audited, Request, endpoint
from functions._api.jobs import JobOut
from runtime.core.tenancy.api_key import ApiKey
from runtime.wiring.api import Api


class SyncBackfillIn(Request):
    """Which rows to load again, by when they arrived."""

    since: fields.Time | None = Field(
        default=None, description="arrived at or after; all that is kept without it"
    )
    until: fields.Time | None = Field(
        default=None, description="arrived before; all that the sync has loaded without it"
    )


@endpoint(
    "POST",
    "/v1/syncs/{sync_id}/backfill",
    scope="syncs:write",
    status=202,
    audited=Audited(action="job.created", id=("id",)),
)
def create(api: Api, caller: ApiKey, *, sync_id: fields.ResourceId, body: SyncBackfillIn) -> JobOut:
    """Load again what a sync has loaded and is still kept, as a job beside the sync."""
    job = api.syncs.backfill(caller.tenant, sync_id, since=body.since, until=body.until)
    return JobOut.model_validate(job)


ENDPOINTS = (create,)
