"""/v1/functions: their settings."""

from dataclasses import replace
from typing import Annotated, Any, ClassVar, Final

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

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
from functions._misfits import REQUEST, judge_now
from runtime.core.functions import health as healths
from runtime.core.functions import rules
from runtime.core.functions.function import Engine, Function, Limits, RetryOn, RetryPolicy
from runtime.core.functions.triggers import MAX_TRIGGERS, TriggerSettings
from runtime.core.matching.trigger import Trigger
from runtime.core.preconditions import IfMatch
from runtime.core.tenancy.api_key import ApiKey
from runtime.usecases.functions.create_function import FunctionChanges, NewFunction
from runtime.wiring.api import Api

_CAPS = Limits()
_LEAST = rules.MINIMA
_RETRY = RetryPolicy()


class LimitsIn(Request):
    """What one run may use. The default of each limit is also the most that it may be."""

    wall_s: Annotated[float, fields.within(_LEAST.wall_s, _CAPS.wall_s)] = _CAPS.wall_s
    memory_mb: Annotated[fields.Integer, fields.within(_LEAST.memory_mb, _CAPS.memory_mb)] = (
        _CAPS.memory_mb
    )
    result_bytes: Annotated[
        fields.Integer, fields.within(_LEAST.result_bytes, _CAPS.result_bytes)
    ] = _CAPS.result_bytes
    http_calls: Annotated[fields.Integer, fields.within(_LEAST.http_calls, _CAPS.http_calls)] = (
        _CAPS.http_calls
    )
    emits: Annotated[fields.Integer, fields.within(_LEAST.emits, _CAPS.emits)] = _CAPS.emits
    log_bytes: Annotated[fields.Integer, fields.within(_LEAST.log_bytes, _CAPS.log_bytes)] = (
        _CAPS.log_bytes
    )
    concurrent_runs: Annotated[
        fields.Integer, fields.within(_LEAST.concurrent_runs, _CAPS.concurrent_runs)
    ] = _CAPS.concurrent_runs

    @field_validator("*")
    @classmethod
    def _judge(cls, value: Any, info: ValidationInfo) -> Any:
        if info.context == REQUEST and info.field_name:
            limits = replace(_CAPS, **{info.field_name: value})
            judge_now(lambda: rules.check_limits(limits), depth=2)
        return value


class TriggerIn(Request):
    """Which events start a function: those of the topics that pass the filter."""

    topics: fields.Topics
    filter: fields.Filter | None = Field(
        default=None, description="an EventBridge event pattern over the envelope"
    )


class RetryPolicyIn(Request):
    """Whether and when a run that failed is tried again."""

    on: fields.RetryOnName = Field(
        default=str(RetryOn.NEVER), description="`never` tries again only after a `RetryError`"
    )
    attempts: fields.RunAttempts = Field(
        default=_RETRY.attempts, description="of one run in all, the first included"
    )
    delays_s: fields.RunDelays | None = Field(
        default=None,
        description="seconds after each attempt, the last one repeats; null: the default schedule",
    )


# Triggers are named in one of two ways; the core enforces it.
_ONE_WAY: Final[dict[str, Any]] = {
    "not": {"anyOf": [{"required": ["triggers", name]} for name in ("topics", "filter")]}
}


def _as_changes(schema: dict[str, Any]) -> None:
    without_defaults(schema)
    schema.update(_ONE_WAY)


class FunctionSettings(Request):
    """Settings of a function. A change leaves as they are the settings that it does not name."""

    model_config = ConfigDict(json_schema_extra=_as_changes)

    topics: fields.SomeTopics = Field(
        default=[], description="the topics that trigger it; with `filter` short for one trigger"
    )
    filter: fields.Filter | None = Field(
        default=None, description="an EventBridge event pattern over the envelope"
    )
    triggers: list[TriggerIn] = Field(
        default=[],
        description="several triggers, each with its own filter",
        max_length=MAX_TRIGGERS,
    )
    http_hosts: fields.Hosts = Field(
        default=[],
        description="hosts that `context.http` may reach; `*` is any, a loopback address counts in"
        " a local cloud only",
    )
    environment: fields.Environment = Field(
        default={}, description="what the code sees as `os.environ`; no place for secrets"
    )
    secrets: fields.SecretNames = Field(default=[], description="names; a value is set by PUT")
    limits: LimitsIn = LimitsIn()
    retry: RetryPolicyIn = RetryPolicyIn()
    engine: fields.EngineName | None = Field(
        default=None,
        description="what runs versions to come: `wasm` or `restricted`; null: what the"
        " installation is set to",
    )


class FunctionIn(FunctionSettings):
    """A function to create."""

    model_config = ConfigDict(json_schema_extra=_ONE_WAY)  # here the defaults are those of its base

    name: fields.FunctionName


class LimitsOut(Answer):
    """What one run may use."""

    wall_s: float
    memory_mb: int
    result_bytes: int
    http_calls: int
    emits: int
    log_bytes: int
    concurrent_runs: int


class TriggerOut(Answer):
    """Which events start a function: those of the topics that pass the filter."""

    topics: list[str]
    filter: dict[str, Any] | None


class RetryPolicyOut(Answer):
    """Whether and when a run that failed is tried again."""

    on: RetryOn
    attempts: int = Field(description="of one run in all, the first included")
    delays_s: list[int] | None = Field(description="null: the default schedule")


class CanaryOut(Answer):
    """A version that gets a share of the runs."""

    id: str
    version: int
    percent: float
    margin_points: float
    min_runs: int
    started_at: str


class FunctionOut(Answer):
    """A function. `secrets` says of each declared name whether a value is set.

    `engine` is for versions that are pushed from now on; each version keeps the one it was pushed
    with.
    """

    name: str
    topics: list[str] = Field(description="of all its triggers")
    triggers: list[TriggerOut]
    http_hosts: list[str]
    environment: dict[str, str]
    environment_version: int
    secrets: dict[str, bool]
    limits: LimitsOut
    retry: RetryPolicyOut
    engine: Engine | None
    latest_version: int
    live_version: int | None
    canary: CanaryOut | None = Field(description="the version on trial; null while there is none")
    enabled: bool
    switched_at: str | None
    deleted_at: str | None = Field(description="set during the days of grace")
    purged_at: str | None = Field(description="when the days of grace are over; null if kept")
    created_at: str
    etag: fields.ETag


class HealthOut(Answer):
    """How a function does that has failed lately."""

    failing: bool = Field(description="whether `function.failing` was sent for this row")
    failures: int = Field(description="in a row; beyond ten at least so many")
    failing_since: str | None


class FunctionShown(FunctionOut):
    """A function, with how it does."""

    exceeds_etag: ClassVar[bool] = True

    health: HealthOut | None = Field(description="null when its last run did not fail")


def audited_function(action: str) -> Audited:
    """How the audit log records a change of a function's settings, or of what is live."""
    return Audited(action=action, id=("name",), show=_settings)


def _settings(api: Api, caller: ApiKey, *, name: str) -> FunctionOut:
    return function_out(api.functions.store.get(caller.tenant, name))


@endpoint(
    "POST",
    "/v1/functions",
    scope="functions:write",
    status=201,
    audited=Audited(action="function.created", id=("name",)),
)
def create(api: Api, caller: ApiKey, *, body: FunctionIn) -> FunctionOut:
    """Create a function, still without code."""
    new = NewFunction(
        name=body.name,
        triggers=_trigger_settings(body),
        http_hosts=tuple(body.http_hosts),
        environment=body.environment,
        secrets=tuple(body.secrets),
        limits=Limits(**body.limits.model_dump()),
        retry=_retry(body.retry),
        engine=_engine(body),
    )
    return function_out(api.functions.create(caller.tenant, new))


@endpoint("GET", "/v1/functions", scope="functions:read")
def list_all(api: Api, caller: ApiKey, *, query: ListQuery) -> Listing[FunctionOut]:
    """List functions."""
    of = (caller.tenant, "functions")
    page = api.functions.store.list(caller.tenant, limit=query.limit, after=query.position(*of))
    return listing(page, function_out, of=of)


@endpoint("GET", "/v1/functions/{name}", scope="functions:read")
def show(api: Api, caller: ApiKey, *, name: fields.FunctionRef) -> FunctionShown:
    """Show a function's settings, and how it does."""
    function = api.functions.store.get(caller.tenant, name)
    health = healths.of_function(api.functions.healths.find(caller.tenant, name), function)
    return FunctionShown(
        **dict(function_out(function)),
        health=HealthOut.model_validate(health) if health.failures else None,
    )


@endpoint(
    "PATCH",
    "/v1/functions/{name}",
    scope="functions:write",
    audited=audited_function("function.updated"),
)
def change(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, body: FunctionSettings, if_match: IfMatch
) -> FunctionOut:
    """Change a function's settings; what is left out stays as it is."""
    changes: FunctionChanges = {}
    names = body.model_fields_set
    if not names.isdisjoint(("topics", "filter", "triggers")):
        changes["triggers"] = _trigger_settings(body)
    if "http_hosts" in names:
        changes["http_hosts"] = tuple(body.http_hosts)
    if "environment" in names:
        changes["environment"] = body.environment
    if "secrets" in names:
        changes["secrets"] = tuple(body.secrets)
    if "limits" in names:
        changes["limits"] = Limits(**body.limits.model_dump())
    if "retry" in names:
        changes["retry"] = _retry(body.retry)
    if "engine" in names:
        changes["engine"] = _engine(body)
    return function_out(
        api.functions.update(caller.tenant, name, changes=changes, if_match=if_match)
    )


def _trigger_settings(body: FunctionSettings) -> TriggerSettings:
    settings: TriggerSettings = {}
    names = body.model_fields_set
    if "topics" in names:
        settings["topics"] = tuple(body.topics)
    if "filter" in names:
        settings["filter"] = body.filter
    if "triggers" in names:
        settings["triggers"] = tuple(
            Trigger(topics=tuple(each.topics), filter=each.filter) for each in body.triggers
        )
    return settings


def _retry(body: RetryPolicyIn) -> RetryPolicy:
    return rules.retry_policy(
        body.on,
        attempts=body.attempts,
        delays_s=None if body.delays_s is None else tuple(body.delays_s),
    )


def _engine(body: FunctionSettings) -> Engine | None:
    return None if body.engine is None else rules.engine(body.engine)


def function_out(function: Function) -> FunctionOut:
    # The ciphertexts of secrets stay here; callers see only whether there is a value.
    return FunctionOut(
        name=function.name,
        topics=list(dict.fromkeys(t for each in function.triggers for t in each.topics)),
        triggers=[
            TriggerOut(
                topics=list(each.topics),
                filter=None if each.filter is None else dict(each.filter),
            )
            for each in function.triggers
        ],
        http_hosts=list(function.http_hosts),
        environment=dict(function.environment),
        environment_version=function.environment_version,
        secrets={name: secret.sealed is not None for name, secret in function.secrets.items()},
        limits=LimitsOut.model_validate(function.limits),
        retry=_retry_out(function.retry),
        engine=function.engine,
        latest_version=function.latest_version,
        live_version=function.live_version,
        canary=None if function.canary is None else CanaryOut.model_validate(function.canary),
        enabled=function.enabled,
        switched_at=function.switched_at,
        deleted_at=function.deleted_at,
        purged_at=function.purged_at,
        created_at=function.created_at,
        etag=function.etag,
    )


def _retry_out(policy: RetryPolicy) -> RetryPolicyOut:
    delays_s = None if policy.delays_s is None else list(policy.delays_s)
    return RetryPolicyOut(on=policy.on, attempts=policy.attempts, delays_s=delays_s)


ENDPOINTS = (create, list_all, show, change)
