"""/v1/functions/{name}/errors."""

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Answer, Listing, ListQuery, endpoint, listing
from runtime.core.functions.run import Outcome
from runtime.core.tenancy.api_key import ApiKey
from runtime.wiring.api import Api


class ErrorsQuery(ListQuery):
    """Which error groups."""

    version: fields.RunVersion | None = Field(
        default=None,
        description="those of this version alone; 0: of runs without a version",
    )


class ErrorGroupOut(Answer):
    """Runs of one version that failed with the same type of error from the same line.

    What a function fails with beyond fifty groups a day is counted under the type `(others)`.
    """

    id: str
    function: str
    version: int = Field(description="0 when no version could run")
    type: str = Field(description="the exception's class, or a word of ours such as `TimedOut`")
    code: str | None = Field(description="of a refusal, such as `bad_topic`; null without one")
    line: int | None = Field(
        description="the last line of your own that the error passed; null when it passed none"
    )
    text: str | None = Field(description="of that line")
    count: int = Field(description="attempts that failed so")
    first_seen: str
    last_seen: str
    run_id: str = Field(description="an example: the newest run of the group")
    outcome: Outcome = Field(description="of the example")
    message: str = Field(description="the beginning of the example's")


@endpoint("GET", "/v1/functions/{name}/errors", scope="functions:read")
def list_of_function(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, query: ErrorsQuery
) -> Listing[ErrorGroupOut]:
    """List what a function fails with, the group that failed last first."""
    of = (caller.tenant, "errors", name, str(query.version))
    function = api.functions.store.get(caller.tenant, name)
    page = api.functions.errors.list(
        caller.tenant,
        name,
        since=function.created_at,
        version=query.version,
        limit=query.limit,
        after=query.position(*of),
    )
    return listing(page, ErrorGroupOut.model_validate, of=of)


ENDPOINTS = (list_of_function,)
