"""/v1/functions/{name}/versions, and which of them is live."""

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Answer, Request, endpoint
from functions._api.functions import FunctionOut, function_out
from runtime.core.functions.finding import Severity
from runtime.core.functions.function import Engine
from runtime.core.tenancy.api_key import ApiKey
from runtime.wiring.api import Api


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
    return function_out(api.functions.publish(caller.tenant, name, version=body.version))


ENDPOINTS = (push, publish)
