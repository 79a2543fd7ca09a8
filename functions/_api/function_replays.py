"""/v1/functions/{name}/replay and /v1/functions/{name}/replays."""

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
from runtime.core.functions.rerun import VersionChoice
from runtime.core.functions.run import FAILED, Outcome
from runtime.core.preconditions import IfMatch
from runtime.core.replays.replay import Kind, ReplayState, Subject
from runtime.core.tenancy.api_key import ApiKey
from runtime.errors import BadInput
from runtime.usecases.functions.start_replay import WantedRunReplay
from runtime.wiring.api import Api


class RunReplayIn(Request):
    """Which of the function's runs to run again; by default everything that failed."""

    outcomes: fields.Outcomes = Field(
        default=sorted(FAILED), description="how they ended; by default every failure"
    )
    since: fields.Time | None = Field(default=None, description="ended at or after, RFC 3339")
    until: fields.Time | None = Field(default=None, description="ended at or before; at most now")
    topic: fields.ExactTopic | None = Field(default=None, description="an exact topic")
    version: fields.VersionWord = Field(
        default=str(VersionChoice.LIVE),
        description="`live`, or `same` for the version that each of them ran with",
    )


class RunReplayOut(Answer):
    """A replay of runs. `passed_over` counts runs that could not be run again.

    Their event or their version is not kept any more, or they changed meanwhile.
    """

    id: str
    function: str
    state: ReplayState
    outcomes: list[Outcome]
    since: str | None
    until: str
    topic: str | None
    version: VersionChoice
    replayed: int
    passed_over: int
    created_at: str
    finished_at: str | None
    etag: fields.ETag


@endpoint(
    "POST",
    "/v1/functions/{name}/replay",
    scope="functions:write",
    status=202,
    audited=Audited(action="replay.started", id=("id",)),
)
def start(api: Api, caller: ApiKey, *, name: fields.FunctionRef, body: RunReplayIn) -> RunReplayOut:
    """Run runs of a function again, as a job; their effects repeat under the same ids."""
    replay = WantedRunReplay(
        outcomes=_outcomes(body.outcomes),
        since=body.since,
        until=body.until,
        topic=body.topic,
        version=version_choice(body.version),
    )
    return RunReplayOut.model_validate(
        api.functions.start_replay(caller.tenant, name, wanted=replay)
    )


@endpoint("GET", "/v1/functions/{name}/replays", scope="functions:read")
def list_all(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, query: ListQuery
) -> Listing[RunReplayOut]:
    """List a function's replays, the newest first."""
    of = (caller.tenant, "function-replays", name)
    function = api.functions.store.get(caller.tenant, name)
    page = api.functions.replays.list(
        caller.tenant,
        _of(name),
        since=function.created_at,
        limit=query.limit,
        after=query.position(*of),
    )
    return listing(page, RunReplayOut.model_validate, of=of)


@endpoint("GET", "/v1/functions/{name}/replays/{replay_id}", scope="functions:read")
def show(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, replay_id: fields.ResourceId
) -> RunReplayOut:
    """Show how far a replay of runs is."""
    return RunReplayOut.model_validate(
        api.functions.replays.get(caller.tenant, _of(name), replay_id)
    )


@endpoint(
    "POST",
    "/v1/functions/{name}/replays/{replay_id}/cancel",
    scope="functions:write",
    audited=Audited(action="replay.cancelled", id=("replay_id",), show=show.call),
)
def cancel(
    api: Api,
    caller: ApiKey,
    *,
    name: fields.FunctionRef,
    replay_id: fields.ResourceId,
    if_match: IfMatch,
) -> RunReplayOut:
    """Stop a replay of runs; what it has begun is run all the same."""
    return RunReplayOut.model_validate(
        api.functions.cancel_replay(caller.tenant, _of(name), replay_id, if_match=if_match)
    )


def version_choice(word: str) -> VersionChoice:
    """Read which version is to run.

    Raises:
        BadInput: code `bad_version`.
    """
    try:
        return VersionChoice(word)
    except ValueError as problem:
        raise BadInput("must be live or same", field="version", code="bad_version") from problem


def _of(name: str) -> Subject:
    return Subject(Kind.RUNS, name)


def _outcomes(names: list[str]) -> tuple[Outcome, ...]:
    try:
        return tuple(map(Outcome, names))
    except ValueError as problem:
        raise BadInput(
            f"must be one or more of {', '.join(Outcome)}", field="outcomes", code="bad_outcomes"
        ) from problem


ENDPOINTS = (start, list_all, show, cancel)
