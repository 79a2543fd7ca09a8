"""/v1/syncs/{sync_id}/refresh: the rows of a table, made anew from the lake."""

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Audited, Request, endpoint
from functions._api.jobs import JobOut
from runtime.core.tenancy.api_key import ApiKey
from runtime.wiring.api import Api


class SyncRefreshIn(Request):
    """Which rows to make anew."""

    table: str = Field(
        description="its name, such as `events`; the tables whose rows follow its rows come with it"
    )


@endpoint(
    "POST",
    "/v1/syncs/{sync_id}/refresh",
    scope="syncs:write",
    status=202,
    audited=Audited(action="job.created", id=("id",)),
)
def create(api: Api, caller: ApiKey, *, sync_id: fields.ResourceId, body: SyncRefreshIn) -> JobOut:
    """Make a table of a sync's warehouse anew from the sync's lake, as a job beside the sync."""
    job = api.syncs.refresh(caller.tenant, sync_id, table=body.table)
    return JobOut.model_validate(job)


ENDPOINTS = (create,)
