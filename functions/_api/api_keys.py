"""/v1/api-keys and /v1/tenants."""

from typing import ClassVar

from functions._api import fields
from functions._api.endpoint import Answer, Listing, ListQuery, Request, endpoint, listing
from runtime.core.tenancy.api_key import ADMIN, ApiKey
from runtime.wiring.api import Api


class ApiKeyIn(Request):
    """A key to create; its scopes must be among the creating key's own."""

    name: fields.Name
    scopes: fields.Scopes


class ApiKeyOut(Answer):
    """A key, without the key: `sha256` is what is stored of it."""

    name: str
    sha256: str
    scopes: list[str]
    created_at: str


class ApiKeyCreated(ApiKeyOut):
    """A key just created, which is never shown again."""

    shown_once: ClassVar[str | None] = "key"
    key: str


class TenantIn(Request):
    """A tenant to create."""

    id: fields.TenantId


class TenantCreated(Answer):
    """A tenant just created, with its first key, which is never shown again."""

    shown_once: ClassVar[str | None] = "key"
    id: str
    created_at: str
    key: str


@endpoint("POST", "/v1/api-keys", scope="api-keys", status=201)
def create(api: Api, caller: ApiKey, *, body: ApiKeyIn) -> ApiKeyCreated:
    """Create an API key for your tenant; it is shown only here."""
    record, key = api.tenancy.create_api_key(caller, name=body.name, scopes=tuple(body.scopes))
    return ApiKeyCreated(**ApiKeyOut.model_validate(record).model_dump(), key=key)


@endpoint("GET", "/v1/api-keys", scope="api-keys")
def list_all(api: Api, caller: ApiKey, *, query: ListQuery) -> Listing[ApiKeyOut]:
    """List your tenant's API keys, by their hashes."""
    of = (caller.tenant, "api-keys")
    page = api.tenancy.api_keys.list(caller.tenant, limit=query.limit, after=query.position(*of))
    return listing(page, ApiKeyOut.model_validate, of=of)


@endpoint("POST", "/v1/tenants", scope=ADMIN, status=201)
def create_tenant(api: Api, _caller: ApiKey, *, body: TenantIn) -> TenantCreated:
    """Create a tenant; its first API key is shown only here."""
    record, key = api.tenancy.create_tenant(body.id)
    return TenantCreated(id=record.tenant, created_at=record.created_at, key=key)


ENDPOINTS = (create, list_all, create_tenant)
