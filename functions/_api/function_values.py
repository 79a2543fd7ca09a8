"""What a function's code sees besides its events: /v1/functions/{name}/environment and /secrets."""

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Answer, Audited, Request, endpoint
from runtime.core.functions.function import Function
from runtime.core.preconditions import IfMatch
from runtime.core.tenancy.api_key import ApiKey
from runtime.errors import NotFound
from runtime.wiring.api import Api


class EnvironmentIn(Request):
    """All values that the code is to see as `os.environ`."""

    values: fields.Environment = Field(description="by name; no place for secrets")
    version: fields.Counter | None = Field(
        default=None,
        description="the version that you have read; a later one is not replaced then. null:"
        " whatever is there is replaced",
    )


class EnvironmentOut(Answer):
    """What the code sees as `os.environ`, and its version, which each run names."""

    version: int
    values: dict[str, str]
    etag: fields.ETag


class SecretIn(Request):
    """The value of a secret."""

    value: fields.SecretValue


class FunctionSecretOut(Answer):
    """A declared secret. Its value is never shown."""

    name: str
    version: int = Field(
        description="of its value, and 0 before the first; a name that was removed and is declared"
        " anew counts on. Each run names what it saw"
    )
    has_value: bool
    set_at: str | None


class SecretsOut(Answer):
    """A function's secrets, all on one page. The ETag is the function's: secrets are part of it."""

    data: list[FunctionSecretOut]
    next_cursor: None = None
    etag: fields.ETag


@endpoint("GET", "/v1/functions/{name}/environment", scope="functions:read")
def show_environment(api: Api, caller: ApiKey, *, name: fields.FunctionRef) -> EnvironmentOut:
    """Show a function's environment."""
    return _environment_out(api.functions.store.get(caller.tenant, name))


@endpoint(
    "PUT",
    "/v1/functions/{name}/environment",
    scope="functions:write",
    audited=Audited(action="environment.set", id=("name",), show=show_environment.call),
)
def set_environment(
    api: Api, caller: ApiKey, *, name: fields.FunctionRef, body: EnvironmentIn, if_match: IfMatch
) -> EnvironmentOut:
    """Replace a function's environment; its version grows if that changes it."""
    changed = api.functions.update(
        caller.tenant,
        name,
        changes={"environment": body.values},
        environment_version=body.version,
        if_match=if_match,
    )
    return _environment_out(changed)


@endpoint("GET", "/v1/functions/{name}/secrets", scope="functions:read")
def list_secrets(api: Api, caller: ApiKey, *, name: fields.FunctionRef) -> SecretsOut:
    """List a function's secrets, without their values."""
    function = api.functions.store.get(caller.tenant, name)
    return SecretsOut(
        etag=function.etag,
        data=[_secret_out(function, each) for each in sorted(function.secrets)],
    )


def _audited_secret(action: str) -> Audited:
    return Audited(action=action, id=("name", "secret"), show=_show_secret)


def _show_secret(api: Api, caller: ApiKey, *, name: str, secret: str) -> FunctionSecretOut:
    function = api.functions.store.get(caller.tenant, name)
    if secret not in function.secrets:
        raise NotFound("the function declares no such secret", code="secret_not_found")
    return _secret_out(function, secret)


@endpoint(
    "PUT",
    "/v1/functions/{name}/secrets/{secret}",
    scope="functions:write",
    status=204,
    audited=_audited_secret("secret.set"),
)
def set_secret(
    api: Api,
    caller: ApiKey,
    *,
    name: fields.FunctionRef,
    secret: fields.SecretName,
    body: SecretIn,
    if_match: IfMatch,
) -> None:
    """Set a secret's value; it rests encrypted and is never shown."""
    api.functions.set_secret(caller.tenant, name, name=secret, value=body.value, if_match=if_match)


@endpoint(
    "DELETE",
    "/v1/functions/{name}/secrets/{secret}",
    scope="functions:write",
    status=204,
    audited=_audited_secret("secret.unset"),
)
def unset_secret(
    api: Api,
    caller: ApiKey,
    *,
    name: fields.FunctionRef,
    secret: fields.SecretName,
    if_match: IfMatch,
) -> None:
    """Forget a secret's value; its name stays declared."""
    api.functions.unset_secret(caller.tenant, name, name=secret, if_match=if_match)


def _secret_out(function: Function, name: str) -> FunctionSecretOut:
    secret = function.secrets[name]
    return FunctionSecretOut(
        name=name,
        version=secret.version,
        has_value=secret.sealed is not None,
        set_at=secret.set_at,
    )


def _environment_out(function: Function) -> EnvironmentOut:
    return EnvironmentOut(
        version=function.environment_version,
        values=dict(function.environment),
        etag=function.etag,
    )


ENDPOINTS = (show_environment, set_environment, list_secrets, set_secret, unset_secret)
