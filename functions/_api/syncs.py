"""/v1/syncs."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from functions._api import fields
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
from functions._api.sync_fields import SelectionIn, SelectionOut
from runtime.core.preconditions import IfMatch
from runtime.core.tenancy.api_key import ApiKey
from runtime.core.warehouse import schedule
from runtime.core.warehouse.plan import LoadState
from runtime.core.warehouse.schedule import HOURLY
from runtime.core.warehouse.sync import DestinationKind
from runtime.usecases.warehouse.create_sync import NewSync
from runtime.usecases.warehouse.update_sync import SyncChanges
from runtime.wiring.api import Api


class SyncIn(Request):
    """A sync to create."""

    name: fields.Name
    kind: Literal["s3", "redshift", "postgresql", "bigquery", "snowflake", "synapse"]
    schedule: fields.Schedule = str(HOURLY)
    selection: SelectionIn = Field(default_factory=SelectionIn)
    settings: dict[str, Any] = Field(
        default_factory=dict,
        description="what a destination of your own is told, such as `host` and `password`;"
        " each kind has its own, and `s3` and `redshift` have none",
        repr=False,
    )


class SyncChangesIn(Request):
    """The fields to change; what is left out stays. Another destination is another sync."""

    model_config = ConfigDict(json_schema_extra=without_defaults)
    name: fields.Name = ""
    schedule: fields.Schedule = str(HOURLY)
    selection: SelectionIn = Field(default_factory=SelectionIn)
    settings: dict[str, Any] = Field(
        default_factory=dict,
        description="those that change; which destination it is never does",
        repr=False,
    )


class SyncDeletionQuery(Request):
    """How to delete a sync."""

    force: Literal["true", "false"] = Field(
        default="false", description="delete it although a load of it is not finished"
    )


class SyncOut(Answer):
    """A sync. `schema` is the tenant's schema in the warehouse; empty for a sync to S3."""

    id: str
    name: str
    kind: DestinationKind
    schema_name: str = Field(alias="schema")
    schedule: fields.Schedule
    selection: SelectionOut
    enabled: bool = Field(description="false while it is paused")
    settings: dict[str, str] = Field(description="what its destination is told and may be shown")
    sealed_names: list[str] = Field(description="the settings whose values nobody is shown")
    created_at: str
    etag: fields.ETag


class CountOut(Answer):
    """What a load did to one table."""

    rows_in: int
    rows_new: int


class LoadOut(Answer):
    """One load into the destination."""

    load_id: str
    state: LoadState
    trigger: str
    attempt: int
    started_at: str
    finished_at: str | None
    tables: dict[str, CountOut]
    rows_in: int = Field(description="rows of all tables, without copies inside the load")
    rows_new: int = Field(description="those of them that the destination did not have before")
    discarded: int
    error: str | None
    error_code: str | None


@endpoint(
    "POST",
    "/v1/syncs",
    scope="syncs:write",
    status=201,
    audited=Audited(action="sync.created", id=("id",)),
)
def create(api: Api, caller: ApiKey, *, body: SyncIn) -> SyncOut:
    """Create a sync; it loads at its schedule's slots from then on."""
    new = NewSync(
        name=body.name,
        kind=DestinationKind(body.kind),
        schedule=schedule.parse(body.schedule),
        selection=body.selection.parsed(),
        settings=body.settings,
    )
    return SyncOut.model_validate(api.syncs.create(caller.tenant, new))


def _audited(action: str) -> Audited:
    return Audited(action=action, id=("sync_id",), show=_settings)


def _settings(api: Api, caller: ApiKey, *, sync_id: str) -> SyncOut:
    return SyncOut.model_validate(api.syncs.store.get(caller.tenant, sync_id))


@endpoint("PATCH", "/v1/syncs/{sync_id}", scope="syncs:write", audited=_audited("sync.updated"))
def change(
    api: Api, caller: ApiKey, *, sync_id: fields.ResourceId, body: SyncChangesIn, if_match: IfMatch
) -> SyncOut:
    """Change a sync's name, schedule, or settings such as a password; what is left out stays."""
    changes = SyncChanges(**body.model_dump(exclude_unset=True))  # type: ignore[typeddict-item]
    if "schedule" in changes:
        changes["schedule"] = schedule.parse(body.schedule)
    if "selection" in changes:
        changes["selection"] = body.selection.parsed()
    return _changed(api, caller, sync_id, changes=changes, if_match=if_match)


@endpoint(
    "DELETE",
    "/v1/syncs/{sync_id}",
    scope="syncs:write",
    status=204,
    audited=_audited("sync.deleted"),
)
def delete(
    api: Api,
    caller: ApiKey,
    *,
    sync_id: fields.ResourceId,
    query: SyncDeletionQuery,
    if_match: IfMatch,
) -> None:
    """Delete a sync; what it has loaded stays, and while a load is open it is refused."""
    api.syncs.delete(caller.tenant, sync_id, force=query.force == "true", if_match=if_match)


@endpoint(
    "POST",
    "/v1/syncs/{sync_id}/pause",
    scope="syncs:write",
    audited=_audited("sync.paused"),
)
def pause(api: Api, caller: ApiKey, *, sync_id: fields.ResourceId, if_match: IfMatch) -> SyncOut:
    """Pause a sync; a load that has begun goes on to its end, and no other begins."""
    return _changed(api, caller, sync_id, changes={"enabled": False}, if_match=if_match)


@endpoint(
    "POST",
    "/v1/syncs/{sync_id}/resume",
    scope="syncs:write",
    audited=_audited("sync.resumed"),
)
def resume(api: Api, caller: ApiKey, *, sync_id: fields.ResourceId, if_match: IfMatch) -> SyncOut:
    """Resume a sync; its next load begins where the last one ended."""
    return _changed(api, caller, sync_id, changes={"enabled": True}, if_match=if_match)


@endpoint(
    "POST",
    "/v1/syncs/{sync_id}/run",
    scope="syncs:write",
    status=202,
    audited=_audited("sync.started"),
)
def run(api: Api, caller: ApiKey, *, sync_id: fields.ResourceId) -> SyncOut:
    """Run a sync now instead of at its next slot."""
    return SyncOut.model_validate(api.syncs.trigger(caller.tenant, sync_id))


@endpoint("GET", "/v1/syncs/{sync_id}/runs", scope="syncs:read")
def loads(
    api: Api, caller: ApiKey, *, sync_id: fields.ResourceId, query: ListQuery
) -> Listing[LoadOut]:
    """List a sync's loads, the newest first."""
    api.syncs.store.get(caller.tenant, sync_id)
    of = (caller.tenant, "syncs", sync_id, "runs")
    page = api.syncs.ledger.runs(
        caller.tenant, sync_id, limit=query.limit, after=query.position(*of)
    )
    return listing(page, LoadOut.model_validate, of=of)


def _changed(
    api: Api, caller: ApiKey, sync_id: str, *, changes: SyncChanges, if_match: IfMatch
) -> SyncOut:
    sync = api.syncs.update(caller.tenant, sync_id, changes=changes, if_match=if_match)
    return SyncOut.model_validate(sync)


ENDPOINTS = (create, change, delete, pause, resume, run, loads)
