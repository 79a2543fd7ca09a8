"""/v1/functions/{name}: switched off and on, deleted and restored."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from functions._api import fields
from functions._api.endpoint import endpoint
from functions._api.functions import FunctionOut, audited_function, function_out
from runtime.core.preconditions import IfMatch
from runtime.core.tenancy.api_key import ApiKey
from runtime.wiring.api import Api


class DeletionQuery(BaseModel):
    """How to delete a function."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    force: Literal["true", "false"] = Field(
        default="false", description="delete it although webhooks name it as their transform"
    )


@endpoint(
    "POST",
    "/v1/functions/{name}/enable",
    scope="functions:write",
    audited=audited_function("function.enabled"),
)
def enable(api: Api, caller: ApiKey, *, name: fields.FunctionRef, if_match: IfMatch) -> FunctionOut:
    """Switch a function on; what it missed can be run again."""
    return function_out(api.functions.switch(caller.tenant, name, enabled=True, if_match=if_match))


@endpoint(
    "POST",
    "/v1/functions/{name}/disable",
    scope="functions:write",
    audited=audited_function("function.disabled"),
)
def disable(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, if_match: IfMatch
) -> FunctionOut:
    """Switch a function off; its events are recorded as skipped runs."""
    return function_out(api.functions.switch(caller.tenant, name, enabled=False, if_match=if_match))


@endpoint(
    "DELETE",
    "/v1/functions/{name}",
    scope="functions:write",
    audited=audited_function("function.deleted"),
)
def delete(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, query: DeletionQuery, if_match: IfMatch
) -> FunctionOut:
    """Delete a function; for seven days it can be restored, and its events are skipped."""
    return function_out(
        api.functions.delete(caller.tenant, name, force=query.force == "true", if_match=if_match)
    )


@endpoint(
    "POST",
    "/v1/functions/{name}/restore",
    scope="functions:write",
    audited=audited_function("function.restored"),
)
def restore(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, if_match: IfMatch
) -> FunctionOut:
    """Take the deletion of a function back; it is as it was before."""
    return function_out(api.functions.restore(caller.tenant, name, if_match=if_match))


ENDPOINTS = (delete, restore, enable, disable)
