"""/v1/syncs."""

from typing import Literal

from pydantic import Field

from functions._api.endpoint import Answer, Listing, ListQuery, Request, endpoint, listing
from runtime.api_wiring import Api
from runtime.core.api_key import ApiKey
from runtime.core.sync import DestinationKind


class SyncIn(Request):
    """A sync to create."""

    name: str
    kind: Literal["s3", "redshift"]


class SyncOut(Answer):
    """A destination; `schema` is the Redshift schema, one a tenant, empty for the lake."""

    id: str
    name: str
    kind: DestinationKind
    schema_name: str = Field(alias="schema")
    enabled: bool
    created_at: str


class LoadOut(Answer):
    """One load into the destination."""

    id: str
    state: str
    started_at: str
    finished_at: str | None
    events: int
    profiles: int
    error: str | None


@endpoint("POST", "/v1/syncs", scope="syncs", status=201)
def create(api: Api, caller: ApiKey, *, body: SyncIn) -> SyncOut:
    """Create a sync; the schedule loads it from then on."""
    kind = DestinationKind(body.kind)
    return SyncOut.model_validate(api.create_sync(caller.tenant, name=body.name, kind=kind))


@endpoint("GET", "/v1/syncs", scope="syncs")
def list_all(api: Api, caller: ApiKey, *, query: ListQuery) -> Listing[SyncOut]:
    """List syncs."""
    of = (caller.tenant, "syncs")
    page = api.syncs.list(caller.tenant, limit=query.limit, after=query.position(*of))
    return listing(page, SyncOut.model_validate, of=of)


@endpoint("POST", "/v1/syncs/{sync_id}/run", scope="syncs", status=202)
def run(api: Api, caller: ApiKey, *, sync_id: str) -> SyncOut:
    """Run a sync now instead of at its next hour."""
    return SyncOut.model_validate(api.trigger_sync(caller.tenant, sync_id))


ENDPOINTS = (create, list_all, run)
