"""How far syncs have come and how they do, and /v1/syncs/{sync_id}/skip-gap."""

from dataclasses import asdict
from typing import ClassVar

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Answer, Audited, Listing, ListQuery, Request, endpoint, listing
from functions._api.syncs import SyncOut
from runtime.core.tenancy.api_key import ApiKey
from runtime.core.warehouse.advice import advice
from runtime.core.warehouse.health import Health
from runtime.core.warehouse.progress import Progress
from runtime.core.warehouse.sync import Sync
from runtime.wiring.api import Api


class GapOut(Answer):
    """Raw batches that are gone before the sync loaded them."""

    first_seq: int = Field(description="number of the first batch that is gone")
    last_seq: int = Field(description="number of the last one")
    batches: int = Field(description="how many batches with your rows are gone")
    rows: int = Field(description="how many of your rows were in them")
    arrived_from: str = Field(description="when the first of them arrived")
    arrived_until: str = Field(description="when the last of them arrived")


class SkippedOut(GapOut):
    """A gap that somebody let the sync go on behind."""

    skipped_at: str


class SyncHealthOut(Answer):
    """How a sync does whose last run failed."""

    failures: int = Field(description="runs that failed in a row")
    failing_since: str
    error: str = Field(description="of the last run, in the warehouse's own words")
    error_code: str
    advice: str = Field(description="what to do about it")
    gap: GapOut | None = Field(description="the gap that it stands before; null without one")


class SyncShown(SyncOut):
    """A sync, with how far it has come and how it does."""

    exceeds_etag: ClassVar[bool] = True

    loaded_until: str | None = Field(
        description="all that had arrived by then is loaded; null before the first good run"
    )
    behind_s: int | None = Field(description="seconds since `loaded_until`; null with it")
    health: SyncHealthOut | None = Field(description="null when its last run did not fail")
    skipped: list[SkippedOut] = Field(description="the gaps that it has gone on behind")


class SkipGapIn(Request):
    """Which gap to skip."""

    first_seq: fields.Integer = Field(
        ge=1, description="the `first_seq` of the gap that the sync shows"
    )


@endpoint("GET", "/v1/syncs", scope="syncs:read")
def list_all(api: Api, caller: ApiKey, *, query: ListQuery) -> Listing[SyncShown]:
    """List syncs, with how far each has come and how it does."""
    of = (caller.tenant, "syncs")
    page = api.syncs.store.list(caller.tenant, limit=query.limit, after=query.position(*of))
    progress = api.syncs.ledger.progress_of(caller.tenant, [sync.id for sync in page.items])
    return listing(page, lambda sync: _shown(api, sync, progress[sync.id]), of=of)


@endpoint("GET", "/v1/syncs/{sync_id}", scope="syncs:read")
def show(api: Api, caller: ApiKey, *, sync_id: fields.ResourceId) -> SyncShown:
    """Show a sync, with how far it has come and how it does."""
    sync = api.syncs.store.get(caller.tenant, sync_id)
    return _shown(api, sync, api.syncs.ledger.progress(caller.tenant, sync_id))


@endpoint(
    "POST",
    "/v1/syncs/{sync_id}/skip-gap",
    scope="syncs:write",
    audited=Audited(action="sync.gap_skipped", id=("sync_id",), show=show.call),
)
def skip_gap(api: Api, caller: ApiKey, *, sync_id: fields.ResourceId, body: SkipGapIn) -> SyncShown:
    """Let a sync go on behind a gap, without the rows that are gone."""
    sync = api.syncs.skip_gap(caller.tenant, sync_id, first_seq=body.first_seq)
    return _shown(api, sync, api.syncs.ledger.progress(caller.tenant, sync_id))


def _shown(api: Api, sync: Sync, progress: Progress) -> SyncShown:
    skipped = [{**asdict(each.gap), "skipped_at": each.at} for each in progress.skipped]
    return SyncShown(
        **SyncOut.model_validate(sync).model_dump(by_alias=True),
        loaded_until=progress.loaded_until,
        behind_s=progress.behind_s(api.syncs.clock()),
        health=_health(progress.health, is_own=sync.is_own),
        skipped=[SkippedOut(**each) for each in skipped],
    )


def _health(health: Health, *, is_own: bool) -> SyncHealthOut | None:
    if health.failing_since is None:
        return None
    code = health.error_code or "unknown"
    return SyncHealthOut(
        failures=health.failures,
        failing_since=health.failing_since,
        error=health.error or "",
        error_code=code,
        advice=advice(code, is_own=is_own),
        gap=None if health.gap is None else GapOut.model_validate(health.gap),
    )


ENDPOINTS = (list_all, show, skip_gap)
