"""/v1/functions, with versions, publishing, secrets and runs."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from functions._api import fields
from functions._api.endpoint import Answer, Listing, ListQuery, Request, endpoint, listing
from runtime.core.functions import rules
from runtime.core.functions.finding import Severity
from runtime.core.functions.function import Engine, Function, Limits
from runtime.core.functions.run import Outcome
from runtime.core.tenancy.api_key import ApiKey
from runtime.usecases.functions.create_function import FunctionChanges, NewFunction
from runtime.wiring.api import Api

_CAPS = Limits()
_LEAST = rules.MINIMA


class LimitsIn(Request):
    """What one run may use. The default of each limit is also the most that it may be."""

    model_config = ConfigDict(from_attributes=True)
    wall_s: Annotated[float, fields.within(_LEAST.wall_s, _CAPS.wall_s)] = _CAPS.wall_s
    memory_mb: Annotated[int, fields.within(_LEAST.memory_mb, _CAPS.memory_mb)] = _CAPS.memory_mb
    result_bytes: Annotated[int, fields.within(_LEAST.result_bytes, _CAPS.result_bytes)] = (
        _CAPS.result_bytes
    )
    http_calls: Annotated[int, fields.within(_LEAST.http_calls, _CAPS.http_calls)] = (
        _CAPS.http_calls
    )
    emits: Annotated[int, fields.within(_LEAST.emits, _CAPS.emits)] = _CAPS.emits
    log_bytes: Annotated[int, fields.within(_LEAST.log_bytes, _CAPS.log_bytes)] = _CAPS.log_bytes
    concurrent_runs: Annotated[
        int, fields.within(_LEAST.concurrent_runs, _CAPS.concurrent_runs)
    ] = _CAPS.concurrent_runs


class FunctionSettings(Request):
    """Settings of a function. A change leaves as they are the settings that it does not name."""

    topics: fields.Triggers = Field(default=[], description="the topics that trigger it")
    filter: dict[str, Any] | None = Field(
        default=None, description="an EventBridge event pattern over the envelope"
    )
    http_hosts: fields.Hosts = Field(
        default=[], description="hosts that `context.http` may reach; `*` is any"
    )
    environment: fields.Environment = Field(
        default={}, description="what the code sees as `os.environ`; no place for secrets"
    )
    secrets: fields.SecretNames = Field(default=[], description="names; a value is set by PUT")
    limits: LimitsIn = LimitsIn()
    engine: fields.EngineName | None = Field(
        default=None,
        description="what runs versions to come: `wasm` or `restricted`; null: what the"
        " installation is set to",
    )


class FunctionIn(FunctionSettings):
    """A function to create."""

    name: fields.FunctionName


class FunctionOut(Answer):
    """A function. `secrets` says of each declared name whether a value is set.

    `engine` is for versions that are pushed from now on; each version keeps the one it was pushed
    with.
    """

    name: str
    topics: list[str]
    filter: dict[str, Any] | None
    http_hosts: list[str]
    environment: dict[str, str]
    secrets: dict[str, bool]
    limits: LimitsIn
    engine: Engine | None
    latest_version: int
    live_version: int | None
    created_at: str


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

    findings: list[FindingOut]


class PublishIn(Request):
    """What to publish; without a version, the latest."""

    version: int | None = Field(default=None, ge=1)


class SecretIn(Request):
    """The value of a secret."""

    value: fields.SecretValue


class RunOut(Answer):
    """One event through one version of a function.

    In a listing `output` is null when it has more than 256 KB, together with the run's effects;
    `output_left_out` is then true. Ask for that run alone to get it, until its retention is over.
    """

    id: str
    function: str
    version: int
    event_id: str
    topic: str
    outcome: Outcome
    attempt: int
    webhook_id: str | None
    output: Any
    output_left_out: bool = Field(validation_alias="is_unopened")
    error: dict[str, Any] | None
    logs: list[dict[str, Any]]
    engine: Engine | None = Field(description="what ran it; null when nothing did")
    isolation: str | None = Field(
        description="the kernel's layer around it; null when it did not run"
    )
    duration_ms: float
    created_at: str


@endpoint("POST", "/v1/functions", scope="functions", status=201)
def create(api: Api, caller: ApiKey, *, body: FunctionIn) -> FunctionOut:
    """Create a function, still without code."""
    new = NewFunction(
        name=body.name,
        topics=tuple(body.topics),
        filter=body.filter,
        http_hosts=tuple(body.http_hosts),
        environment=body.environment,
        secrets=tuple(body.secrets),
        limits=Limits(**body.limits.model_dump()),
        engine=_engine(body),
    )
    return _function_out(api.functions.create(caller.tenant, new))


@endpoint("GET", "/v1/functions", scope="functions")
def list_all(api: Api, caller: ApiKey, *, query: ListQuery) -> Listing[FunctionOut]:
    """List functions."""
    of = (caller.tenant, "functions")
    page = api.functions.store.list(caller.tenant, limit=query.limit, after=query.position(*of))
    return listing(page, _function_out, of=of)


@endpoint("GET", "/v1/functions/{name}", scope="functions")
def show(api: Api, caller: ApiKey, *, name: fields.FunctionRef) -> FunctionOut:
    """Show a function's settings."""
    return _function_out(api.functions.store.get(caller.tenant, name))


@endpoint("PATCH", "/v1/functions/{name}", scope="functions")
def change(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, body: FunctionSettings
) -> FunctionOut:
    """Change a function's settings; what is left out stays as it is."""
    changes: FunctionChanges = {}
    names = body.model_fields_set
    if "topics" in names:
        changes["topics"] = tuple(body.topics)
    if "filter" in names:
        changes["filter"] = body.filter
    if "http_hosts" in names:
        changes["http_hosts"] = tuple(body.http_hosts)
    if "environment" in names:
        changes["environment"] = body.environment
    if "secrets" in names:
        changes["secrets"] = tuple(body.secrets)
    if "limits" in names:
        changes["limits"] = Limits(**body.limits.model_dump())
    if "engine" in names:
        changes["engine"] = _engine(body)
    return _function_out(api.functions.update(caller.tenant, name, changes=changes))


@endpoint("POST", "/v1/functions/{name}/versions", scope="functions", status=201)
def push(api: Api, caller: ApiKey, *, name: fields.FunctionRef, body: SourceIn) -> VersionPushed:
    """Push a version; a refused source is answered with every finding by line."""
    pushed = api.functions.push(caller.tenant, name, source=body.source)
    return VersionPushed(
        **VersionOut.model_validate(pushed.version).model_dump(),
        findings=[FindingOut.model_validate(hint) for hint in pushed.hints],
    )


@endpoint("POST", "/v1/functions/{name}/publish", scope="functions")
def publish(api: Api, caller: ApiKey, *, name: fields.FunctionRef, body: PublishIn) -> FunctionOut:
    """Make a version live; an older one is the way back."""
    return _function_out(api.functions.publish(caller.tenant, name, version=body.version))


@endpoint("PUT", "/v1/functions/{name}/secrets/{secret}", scope="functions", status=204)
def set_secret(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, secret: fields.SecretName, body: SecretIn
) -> None:
    """Set a secret's value; it rests encrypted and is never shown."""
    api.functions.set_secret(caller.tenant, name, name=secret, value=body.value)


@endpoint("GET", "/v1/functions/{name}/runs", scope="functions")
def runs(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, query: ListQuery
) -> Listing[RunOut]:
    """List a function's runs, the newest first."""
    of = (caller.tenant, "runs", name)
    api.functions.store.get(caller.tenant, name)
    page = api.functions.runs.list(
        caller.tenant, name, limit=query.limit, after=query.position(*of)
    )
    return listing(page, RunOut.model_validate, of=of)


@endpoint("GET", "/v1/functions/{name}/runs/{run_id}", scope="functions")
def show_run(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, run_id: fields.ResourceId
) -> RunOut:
    """Show a run with all of its output."""
    return RunOut.model_validate(api.functions.show_run(caller.tenant, name, run_id=run_id))


def _engine(body: FunctionSettings) -> Engine | None:
    return None if body.engine is None else rules.engine(body.engine)


def _function_out(function: Function) -> FunctionOut:
    # The ciphertexts of secrets stay here; callers see only whether there is a value.
    return FunctionOut(
        name=function.name,
        topics=list(function.topics),
        filter=None if function.filter is None else dict(function.filter),
        http_hosts=list(function.http_hosts),
        environment=dict(function.environment),
        secrets={name: value is not None for name, value in function.secrets.items()},
        limits=LimitsIn.model_validate(function.limits),
        engine=function.engine,
        latest_version=function.latest_version,
        live_version=function.live_version,
        created_at=function.created_at,
    )


ENDPOINTS = (create, list_all, show, change, push, publish, set_secret, runs, show_run)
