"""/v1/runs, and the runs of one function."""

from dataclasses import astuple, replace
from typing import Any, Final, Literal

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
from functions._api.function_replays import version_choice
from runtime.core.functions.function import Engine
from runtime.core.functions.rerun import VersionChoice
from runtime.core.functions.run import Outcome
from runtime.core.functions.selection import RunSelection
from runtime.core.tenancy.api_key import ApiKey
from runtime.wiring.api import Api

FAILED: Final = "failed"  # instead of an outcome: every failure that is not tried again by itself


class FunctionRunsQuery(ListQuery):
    """Which runs of a function."""

    outcome: Outcome | Literal["failed"] | None = Field(
        default=None,
        description="`failed`: those that failed in any way and are not tried again by themselves",
    )
    version: fields.RunVersion | None = Field(
        default=None, description="0: runs that no version could do"
    )
    event: fields.ResourceId | None = Field(default=None, description="the id of an event")
    profile: fields.ProfileId | None = Field(
        default=None, description="the id of the profile that the event is about"
    )
    topic: fields.ExactTopic | None = Field(default=None, description="an exact topic")
    since: fields.Time | None = Field(default=None, description="ended at or after, RFC 3339")
    until: fields.Time | None = Field(default=None, description="ended at or before, RFC 3339")

    @property
    def selection(self) -> RunSelection:
        """The same, as the use case takes it."""
        outcome = None if self.outcome in (None, FAILED) else Outcome(self.outcome)
        return RunSelection(
            outcome=outcome,
            failed=self.outcome == FAILED,
            version=self.version,
            event_id=self.event,
            profile_id=self.profile,
            topic=self.topic,
            since=self.since,
            until=self.until,
        )


class RunsQuery(FunctionRunsQuery):
    """Which runs."""

    function: fields.FunctionRef | None = None

    @property
    def selection(self) -> RunSelection:
        """The same, as the use case takes it."""
        return replace(super().selection, function=self.function)


class RetryIn(Request):
    """How to run a run again."""

    version: fields.VersionWord | fields.VersionNumber = Field(
        default=str(VersionChoice.LIVE),
        description="`live`, `same` for the version that it ran with, or a version's number",
    )
    force: bool = Field(
        default=False,
        description="whether a run that succeeded is run again, too: its profile changes are then"
        " applied once more",
    )


class HttpCallOut(Answer):
    """An http call that the run tried to make. Without an answer `status` is null."""

    method: str
    host: str = Field(description="with its port if the URL names one")
    path: str = Field(description="without the query; secrets are masked")
    status: int | None
    error: str | None = Field(description="the code that says why there is no answer")
    ms: float


class RunOut(Answer):
    """One event through one version of a function.

    In a listing `output` is null when it has more than 256 KB, together with the run's effects;
    `output_left_out` is then true. Ask for that run alone to get it, until its retention is over.
    """

    id: str
    function: str
    version: int = Field(description="0 when no version could run")
    event_id: str
    topic: str
    profile_id: str | None = Field(
        description="the profile that the event is about; null when it names none"
    )
    outcome: Outcome
    attempt: int
    due_at_ms: int | None = Field(description="when the next attempt is due; null without one")
    webhook_id: str | None
    output: Any
    output_left_out: bool = Field(validation_alias="is_unopened")
    error: dict[str, Any] | None
    logs: list[dict[str, Any]]
    effects: list[dict[str, Any]] = Field(description="what it asked the platform to do, in order")
    http: list[HttpCallOut] = Field(validation_alias="http_calls")
    memory_mb: float | None = Field(
        description="its peak of memory, in MiB; null when nothing ran or nobody could measure"
    )
    source_sha256: str | None = Field(description="of the version; null when nothing ran")
    environment_version: int | None = Field(
        description="the version of `environment` that the code saw; null when nothing ran"
    )
    secret_versions: dict[str, int] = Field(
        description="the version of each secret with a value that the code could read"
    )
    canary: str | None = Field(
        validation_alias="canary_id",
        description="the canary that it was part of; null for the live version",
    )
    engine: Engine | None = Field(description="what ran it; null when nothing did")
    isolation: str | None = Field(
        description="the kernel's layer around it; null when it did not run"
    )
    duration_ms: float
    created_at: str


@endpoint("GET", "/v1/runs", scope="functions:read")
def list_all(api: Api, caller: ApiKey, *, query: RunsQuery) -> Listing[RunOut]:
    """List runs, the newest first; a page may be short and not the last.

    A run is listed by the end of its last attempt. Without `function`, `event` and `profile` the
    lists of all functions are joined, those of deleted functions left out.
    """
    return _list(api, caller, query, query.selection)


@endpoint("GET", "/v1/runs/{run_id}", scope="functions:read")
def show(api: Api, caller: ApiKey, *, run_id: fields.ResourceId) -> RunOut:
    """Show a run with all of its output."""
    return RunOut.model_validate(api.functions.show_run(caller.tenant, run_id=run_id))


# What the audit log keeps of a run: nothing of the event and the output, which may be about a
# person.
_KEPT = frozenset(
    {
        "id",
        "function",
        "version",
        "event_id",
        "topic",
        "outcome",
        "attempt",
        "due_at_ms",
        "webhook_id",
    }
)


@endpoint(
    "POST",
    "/v1/runs/{run_id}/retry",
    scope="functions:write",
    status=202,
    audited=Audited(action="run.retried", id=("run_id",), show=show.call, fields=_KEPT),
)
def retry(api: Api, caller: ApiKey, *, run_id: fields.ResourceId, body: RetryIn) -> RunOut:
    """Run a run again: the next attempt, on its own event and the profile of now.

    Its effects repeat under the same ids. The answer shows the run as it is until the attempt has
    been made, with the time at which that is due.
    """
    version = body.version if isinstance(body.version, int) else version_choice(body.version)
    run = api.functions.retry_run(caller.tenant, run_id, version=version, force=body.force)
    return RunOut.model_validate(run)


@endpoint("GET", "/v1/functions/{name}/runs", scope="functions:read")
def list_of_function(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, query: FunctionRunsQuery
) -> Listing[RunOut]:
    """List a function's runs, the newest first; a page may be short and not the last."""
    api.functions.store.get(caller.tenant, name)
    return _list(api, caller, query, replace(query.selection, function=name))


@endpoint("GET", "/v1/functions/{name}/runs/{run_id}", scope="functions:read")
def show_run(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, run_id: fields.ResourceId
) -> RunOut:
    """Show a run with all of its output."""
    run = api.functions.show_run(caller.tenant, run_id=run_id, function=name)
    return RunOut.model_validate(run)


def _list(api: Api, caller: ApiKey, query: ListQuery, selection: RunSelection) -> Listing[RunOut]:
    of = (
        caller.tenant,
        "runs",
        *("" if each is None else str(each) for each in astuple(selection)),
    )
    page = api.functions.list_runs(
        caller.tenant, selection, limit=query.limit, after=query.position(*of)
    )
    return listing(page, RunOut.model_validate, of=of)


ENDPOINTS = (list_all, show, retry, list_of_function, show_run)
