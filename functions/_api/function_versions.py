"""/v1/functions/{name}/versions, which of them is live or on trial, and how that came."""

from typing import ClassVar

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import (
    Answer,
    Audited,
    Listing,
    ListQuery,
    Request,
    endpoint,
    listing,
)
from functions._api.functions import CanaryOut, FunctionOut, audited_function, function_out
from runtime.core.functions.finding import Severity
from runtime.core.functions.function import Engine
from runtime.core.functions.releases import ReleaseKind, Trial, check_number
from runtime.core.preconditions import IfMatch
from runtime.core.tenancy.api_key import ApiKey
from runtime.wiring.api import Api

_TRIAL = Trial(version=1)


class SourceIn(Request):
    """A version to push."""

    source: fields.Source


class VersionOut(Answer):
    """A version, without its source."""

    function: str
    version: int
    source_sha256: str
    engine: Engine = Field(description="what runs it")
    created_at: str
    deleted_at: str | None = Field(description="when its source was forgotten")


class VersionWithSource(VersionOut):
    """A version with its source, which is empty once it is deleted."""

    source: str


class FindingOut(Answer):
    """What the check says of one place; `line` and `column` from 1, or 0 for the whole source."""

    line: int
    column: int
    code: str
    message: str
    hint: str
    severity: Severity


class VersionPushed(VersionOut):
    """A version that was pushed, with the hints of its check; a hint refuses nothing."""

    is_new: bool = Field(
        description="false, with the status 200, when this version had the same source before"
    )
    findings: list[FindingOut]


class VersionKnown(VersionPushed):
    """The answer to a push of a source that a version had before."""

    answered_with: ClassVar = 200


class PublishIn(Request):
    """What to publish; without a version, the latest."""

    version: fields.VersionNumber | None = None


class RollbackIn(Request):
    """Where to go back to; without a version, to the one that was live before."""

    version: fields.VersionNumber | None = None


class CanaryIn(Request):
    """A version to try on a share of the runs, and when it has failed."""

    version: fields.VersionNumber
    percent: fields.Share = Field(default=_TRIAL.percent, description="share of the runs")
    margin_points: fields.Points = Field(
        default=_TRIAL.margin_points,
        description="the canary ends when so many percentage points more of its runs fail than"
        " of the live version's",
    )
    min_runs: fields.MinRuns = Field(
        default=_TRIAL.min_runs, description="counted over at least so many runs of the canary"
    )


class CountsOut(Answer):
    """What was counted since a canary began: attempts of runs, and those of them that failed."""

    live_runs: int
    live_failures: int
    canary_runs: int
    canary_failures: int


class CanaryShown(Answer):
    """The version on trial beside the live one, and how often their runs failed."""

    exceeds_etag: ClassVar[bool] = True

    live_version: int | None
    canary: CanaryOut | None = Field(description="null while there is none")
    counts: CountsOut | None = Field(description="null while there is no canary")
    etag: fields.ETag


class ReleaseOut(Answer):
    """A change of what is live or on trial."""

    seq: int
    at: str
    kind: ReleaseKind
    version: int
    live_before: int | None
    live_after: int | None
    percent: float | None = Field(description="the canary's share from then on")
    canary_id: str | None = Field(description="of the canary that began, changed or ended")
    reason: str | None = Field(description="why a canary ended by itself")


# What the audit log keeps of a version: the hash of its source, and neither the source nor what the
# check quotes of it.
_KEPT = frozenset(VersionOut.model_fields)


@endpoint(
    "POST",
    "/v1/functions/{name}/versions",
    scope="functions:write",
    status=201,
    other_status=200,
    audited=Audited(action="version.pushed", id=("name", "version"), fields=_KEPT),
)
def push(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, body: SourceIn, if_match: IfMatch
) -> VersionPushed:
    """Push a version; a refused source is answered with every finding by line."""
    pushed = api.functions.push(caller.tenant, name, source=body.source, if_match=if_match)
    answer = VersionPushed if pushed.is_new else VersionKnown
    return answer(
        **VersionOut.model_validate(pushed.version).model_dump(),
        is_new=pushed.is_new,
        findings=[FindingOut.model_validate(hint) for hint in pushed.hints],
    )


@endpoint("GET", "/v1/functions/{name}/versions", scope="functions:read")
def list_all(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, query: ListQuery
) -> Listing[VersionOut]:
    """List a function's versions, the newest first."""
    of = (caller.tenant, "versions", name)
    api.functions.store.get(caller.tenant, name)
    page = api.functions.store.versions(
        caller.tenant, name, limit=query.limit, after=query.position(*of)
    )
    return listing(page, VersionOut.model_validate, of=of)


@endpoint("GET", "/v1/functions/{name}/versions/{version}", scope="functions:read")
def show(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, version: fields.VersionRef
) -> VersionWithSource:
    """Show a version with its source."""
    check_number(api.functions.store.get(caller.tenant, name), int(version))
    stored = api.functions.store.get_version(caller.tenant, name, version=int(version))
    return VersionWithSource.model_validate(stored)


@endpoint(
    "DELETE",
    "/v1/functions/{name}/versions/{version}",
    scope="functions:write",
    status=204,
    audited=Audited(action="version.deleted", id=("name", "version"), show=show.call, fields=_KEPT),
)
def delete(
    api: Api,
    caller: ApiKey,
    *,
    name: fields.FunctionRef,
    version: fields.VersionRef,
    if_match: IfMatch,
) -> None:
    """Forget a version's source; its number is never given again."""
    api.functions.delete_version(caller.tenant, name, version=int(version), if_match=if_match)


@endpoint(
    "POST",
    "/v1/functions/{name}/publish",
    scope="functions:write",
    audited=audited_function("function.published"),
)
def publish(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, body: PublishIn, if_match: IfMatch
) -> FunctionOut:
    """Make a version live."""
    return function_out(
        api.functions.publish(caller.tenant, name, version=body.version, if_match=if_match)
    )


@endpoint(
    "POST",
    "/v1/functions/{name}/rollback",
    scope="functions:write",
    audited=audited_function("function.rolled_back"),
)
def rollback(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, body: RollbackIn, if_match: IfMatch
) -> FunctionOut:
    """Make the version live that was live before; while a canary runs, end it."""
    return function_out(
        api.functions.roll_back(caller.tenant, name, to=body.version, if_match=if_match)
    )


@endpoint(
    "PUT",
    "/v1/functions/{name}/canary",
    scope="functions:write",
    audited=audited_function("canary.started"),
)
def start_canary(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, body: CanaryIn, if_match: IfMatch
) -> FunctionOut:
    """Try a version on a share of the runs, or change a trial under way."""
    trial = Trial(
        version=body.version,
        percent=body.percent,
        margin_points=body.margin_points,
        min_runs=body.min_runs,
    )
    return function_out(api.functions.canary(caller.tenant, name, trial=trial, if_match=if_match))


@endpoint("GET", "/v1/functions/{name}/canary", scope="functions:read")
def show_canary(api: Api, caller: ApiKey, *, name: fields.FunctionRef) -> CanaryShown:
    """Show which version is on trial, and how often its runs and those of the live one failed."""
    function = api.functions.store.get(caller.tenant, name)
    trial = function.canary
    return CanaryShown(
        live_version=function.live_version,
        etag=function.etag,
        canary=None if trial is None else CanaryOut.model_validate(trial),
        counts=None
        if trial is None
        else CountsOut.model_validate(api.functions.canary_counts.find(caller.tenant, trial.id)),
    )


@endpoint(
    "POST",
    "/v1/functions/{name}/canary/promote",
    scope="functions:write",
    audited=audited_function("canary.promoted"),
)
def promote_canary(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, if_match: IfMatch
) -> FunctionOut:
    """Publish the version on trial."""
    return function_out(api.functions.canary.promote(caller.tenant, name, if_match=if_match))


@endpoint(
    "DELETE",
    "/v1/functions/{name}/canary",
    scope="functions:write",
    audited=audited_function("canary.stopped"),
)
def stop_canary(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, if_match: IfMatch
) -> FunctionOut:
    """End the trial; the live version gets all runs again."""
    return function_out(api.functions.canary.stop(caller.tenant, name, if_match=if_match))


@endpoint("GET", "/v1/functions/{name}/releases", scope="functions:read")
def releases(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, query: ListQuery
) -> Listing[ReleaseOut]:
    """List what became of a function's versions, the newest change first."""
    of = (caller.tenant, "releases", name)
    api.functions.store.get(caller.tenant, name)
    page = api.functions.store.release_log(
        caller.tenant, name, limit=query.limit, after=query.position(*of)
    )
    return listing(page, ReleaseOut.model_validate, of=of)


ENDPOINTS = (
    push,
    list_all,
    show,
    delete,
    publish,
    rollback,
    start_canary,
    show_canary,
    promote_canary,
    stop_canary,
    releases,
)
