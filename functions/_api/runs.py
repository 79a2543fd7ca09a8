"""/v1/functions/{name}/runs."""

from typing import Any

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Answer, Listing, ListQuery, endpoint, listing
from runtime.core.functions.function import Engine
from runtime.core.functions.run import Outcome
from runtime.core.tenancy.api_key import ApiKey
from runtime.wiring.api import Api


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


@endpoint("GET", "/v1/functions/{name}/runs", scope="functions")
def list_of_function(
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


ENDPOINTS = (list_of_function, show_run)
