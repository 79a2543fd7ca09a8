"""/v1/jobs."""

from typing import Any

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Answer, Audited, Listing, ListQuery, endpoint, listing
from runtime.core.jobs.job import MAX_FAULTS, JobKind, JobState
from runtime.core.preconditions import IfMatch
from runtime.core.tenancy.api_key import ApiKey
from runtime.wiring.api import Api


class FaultOut(Answer):
    """A record that the job could not do; it went on with the others."""

    line: int | None = Field(description="of the file, from 1; null where there is no file")
    subject: str | None = Field(description="the id of the record; null where it has none yet")
    code: str
    message: str


class ReasonOut(Answer):
    """Why the job has failed as a whole."""

    code: str
    message: str


class JobOut(Answer):
    """A job, and how far it is. What it has done stays done, however it ends."""

    id: str
    kind: JobKind
    state: JobState = Field(description="`waiting`: for its file, until it is started")
    params: dict[str, Any] = Field(description="what was asked for")
    done: int = Field(description="records worked on so far")
    total: int | None = Field(description="records to work on; null while nobody knows")
    counts: dict[str, int] = Field(description="what came of them; which there are, the kind says")
    faults: list[FaultOut] = Field(description=f"the first {MAX_FAULTS}")
    result: dict[str, Any] = Field(description="what it has made; empty for most kinds")
    reason: ReasonOut | None = Field(description="null unless it has failed")
    created_at: str
    finished_at: str | None = Field(description="null until it has ended")
    etag: fields.ETag


class SignedRequestOut(Answer):
    """A request that stores or fetches one file. Its URL is a credential, and expires."""

    method: str
    url: str
    headers: dict[str, str] = Field(description="that the request has to have, exactly")
    expires_at: str


@endpoint("GET", "/v1/jobs", scope="jobs:read")
def list_all(api: Api, caller: ApiKey, *, query: ListQuery) -> Listing[JobOut]:
    """List jobs, the newest first."""
    of = (caller.tenant, "jobs")
    page = api.jobs.store.list(caller.tenant, limit=query.limit, after=query.position(*of))
    return listing(page, JobOut.model_validate, of=of)


@endpoint("GET", "/v1/jobs/{job_id}", scope="jobs:read")
def show(api: Api, caller: ApiKey, *, job_id: fields.ResourceId) -> JobOut:
    """Show a job, and how far it is."""
    return JobOut.model_validate(api.jobs.store.get(caller.tenant, job_id))


@endpoint(
    "POST",
    "/v1/jobs/{job_id}/start",
    scope="jobs:write",
    status=202,
    audited=Audited(action="job.started", id=("job_id",), show=show.call),
)
def start(api: Api, caller: ApiKey, *, job_id: fields.ResourceId) -> JobOut:
    """Start an import whose file is uploaded; one that runs already goes on."""
    return JobOut.model_validate(api.jobs.start_import(caller.tenant, job_id))


@endpoint(
    "POST",
    "/v1/jobs/{job_id}/cancel",
    scope="jobs:write",
    audited=Audited(action="job.cancelled", id=("job_id",), show=show.call),
)
def cancel(api: Api, caller: ApiKey, *, job_id: fields.ResourceId, if_match: IfMatch) -> JobOut:
    """Stop a job; what it has done stays done."""
    return JobOut.model_validate(api.jobs.cancel(caller.tenant, job_id, if_match=if_match))


@endpoint("GET", "/v1/jobs/{job_id}/download", scope="profiles:read")
def download(api: Api, caller: ApiKey, *, job_id: fields.ResourceId) -> SignedRequestOut:
    """Sign a request that fetches the file of an export; it is kept for two days."""
    return SignedRequestOut.model_validate(api.jobs.fetch_export(caller.tenant, job_id))


ENDPOINTS = (list_all, show, start, cancel, download)
