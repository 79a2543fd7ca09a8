"""/v1/api-keys and /v1/tenants."""

from typing import Any, ClassVar, Final, Literal

from pydantic import ConfigDict, Field

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
from runtime.core import overlap
from runtime.core.preconditions import IfMatch
from runtime.core.tenancy.api_key import ApiKey
from runtime.core.tenancy.scopes import ADMIN, PRESETS
from runtime.errors import BadInput
from runtime.usecases.tenancy.create_api_key import IssuedKey
from runtime.usecases.tenancy.update_api_key import KeyChanges
from runtime.wiring.api import Api

_NOT_NULL: Final = {"not": {"type": "null"}}
_EITHER: Final[dict[str, Any]] = {
    "oneOf": [
        {"required": [name], "properties": {name: {"type": kind}}}
        for name, kind in (("scopes", "array"), ("preset", "string"))
    ]
}
_OF_ONE_WEBHOOK: Final = PRESETS["receiver"]
_WIDE_PRESETS: Final = [name for name, held in PRESETS.items() if set(held) - {*_OF_ONE_WEBHOOK}]
# A key for one webhook with a scope that is of no use to it.
_TOO_WIDE: Final[list[dict[str, Any]]] = [
    {
        "required": ["webhook_id", name],
        "properties": {"webhook_id": _NOT_NULL, name: wide},
    }
    for name, wide in (
        ("scopes", {"type": "array", "contains": {"not": {"enum": [*_OF_ONE_WEBHOOK]}}}),
        ("preset", {"enum": _WIDE_PRESETS}),
    )
]
_TOGETHER: Final[list[Any]] = [_EITHER, *({"not": wide} for wide in _TOO_WIDE)]


def _either_way() -> BadInput:
    return BadInput("name either scopes or a preset", field="scopes", code="bad_field")


class ApiKeyIn(Request):
    """A key to create: with scopes, or with a preset's, which must be among the caller's own."""

    # For the document; `wanted` and the core enforce it.
    model_config = ConfigDict(json_schema_extra={"allOf": _TOGETHER})

    name: fields.Name
    scopes: fields.Scopes | None = None
    preset: Literal["producer", "developer", "receiver", "viewer"] | None = Field(
        default=None, description="instead of `scopes`"
    )
    webhook_id: fields.ResourceId | None = Field(
        default=None, description="the one webhook that it is for; null: all things of the tenant"
    )
    expires_at: fields.Time | None = Field(
        default=None, description="when it ends, RFC 3339; null: it does not end"
    )

    @property
    def wanted(self) -> tuple[str, ...]:
        """The scopes that it is to have.

        Raises:
            BadInput: code `bad_field`: both ways of naming them are used, or neither.
        """
        match self.scopes, self.preset:
            case list() as scopes, None:
                return tuple(scopes)
            case None, str() as preset:
                return PRESETS[preset]
            case _:
                raise _either_way()


def _at_most_one_way(schema: dict[str, Any]) -> None:
    without_defaults(schema)
    schema["not"] = {"required": ["scopes", "preset"]}


class ApiKeyChangesIn(Request):
    """The fields to change; what is left out stays. Its scopes must be among the caller's own."""

    model_config = ConfigDict(json_schema_extra=_at_most_one_way)  # `changes` enforces it

    name: fields.Name = ""
    scopes: fields.Scopes = Field(default=[], description="all that it is to have")
    preset: Literal["producer", "developer", "receiver", "viewer"] = Field(
        default="viewer", description="instead of `scopes`"
    )

    @property
    def changes(self) -> KeyChanges:
        """What of the key is to change.

        Raises:
            BadInput: code `bad_field`: both ways of naming scopes are used.
        """
        named = self.model_fields_set
        if {"scopes", "preset"} <= named:
            raise _either_way()
        changes: KeyChanges = {}
        if "name" in named:
            changes["name"] = self.name
        if "scopes" in named:
            changes["scopes"] = tuple(self.scopes)
        if "preset" in named:
            changes["scopes"] = PRESETS[self.preset]
        return changes


class ApiKeyOut(Answer):
    """A key, without the key: `sha256` is what is stored of it.

    `last_used_at` is the hour of its last call; null before the first. It does not count for the
    ETag.
    """

    exceeds_etag: ClassVar[bool] = True

    id: str
    name: str
    sha256: str
    scopes: list[str]
    webhook_id: str | None
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    replaced_by: str | None = Field(description="the id of its newest successor; null: none")
    etag: fields.ETag


class ApiKeyCreated(ApiKeyOut):
    """A key just created, which is never shown again."""

    shown_once: ClassVar[str | None] = "key"
    key: str


class OverlapIn(Request):
    """How long the old key goes on working."""

    overlap_s: fields.Overlap = Field(
        default=overlap.DEFAULT_S, description="seconds that both keys work"
    )


class TenantIn(Request):
    """A tenant to create."""

    id: fields.TenantId


class TenantCreated(Answer):
    """A tenant just created, with its first key, which is never shown again."""

    shown_once: ClassVar[str | None] = "key"
    id: str
    created_at: str
    key: str


@endpoint(
    "POST",
    "/v1/api-keys",
    scope="keys:write",
    status=201,
    audited=Audited(action="api_key.created", id=("id",)),
)
def create(api: Api, caller: ApiKey, *, body: ApiKeyIn) -> ApiKeyCreated:
    """Create an API key for your tenant; it is shown only here."""
    return _with_key(
        api.tenancy.create_api_key(
            caller,
            name=body.name,
            scopes=body.wanted,
            webhook_id=body.webhook_id,
            expires_at=body.expires_at,
        )
    )


@endpoint("GET", "/v1/api-keys", scope="keys:read")
def list_all(api: Api, caller: ApiKey, *, query: ListQuery) -> Listing[ApiKeyOut]:
    """List your tenant's API keys, by their hashes."""
    of = (caller.tenant, "api-keys")
    page = api.tenancy.api_keys.list(caller.tenant, limit=query.limit, after=query.position(*of))
    return listing(page, ApiKeyOut.model_validate, of=of)


@endpoint("GET", "/v1/api-keys/{key_id}", scope="keys:read")
def show(api: Api, caller: ApiKey, *, key_id: fields.ResourceId) -> ApiKeyOut:
    """Show an API key."""
    return ApiKeyOut.model_validate(api.tenancy.api_keys.get(caller.tenant, key_id))


@endpoint(
    "PATCH",
    "/v1/api-keys/{key_id}",
    scope="keys:write",
    audited=Audited(action="api_key.updated", id=("key_id",), show=show.call),
)
def change(
    api: Api, caller: ApiKey, *, key_id: fields.ResourceId, body: ApiKeyChangesIn, if_match: IfMatch
) -> ApiKeyOut:
    """Change a key's name and scopes, from its next call on; the key itself stays."""
    return ApiKeyOut.model_validate(
        api.tenancy.update_api_key(caller, key_id, changes=body.changes, if_match=if_match)
    )


@endpoint(
    "POST",
    "/v1/api-keys/{key_id}/rotate",
    scope="keys:write",
    status=201,
    audited=Audited(action="api_key.rotated", id=("key_id",), show=show.call),
)
def rotate(
    api: Api, caller: ApiKey, *, key_id: fields.ResourceId, body: OverlapIn, if_match: IfMatch
) -> ApiKeyCreated:
    """Make a key with the same name, scopes and end; the old one ends after the overlap."""
    return _with_key(
        api.tenancy.rotate_api_key(caller, key_id, overlap_s=body.overlap_s, if_match=if_match)
    )


@endpoint(
    "DELETE",
    "/v1/api-keys/{key_id}",
    scope="keys:write",
    status=204,
    audited=Audited(action="api_key.revoked", id=("key_id",), show=show.call),
)
def revoke(api: Api, caller: ApiKey, *, key_id: fields.ResourceId, if_match: IfMatch) -> None:
    """Revoke an API key; from now on it opens nothing."""
    api.tenancy.revoke_api_key(caller, key_id, if_match=if_match)


def _with_key(issued: IssuedKey) -> ApiKeyCreated:
    return ApiKeyCreated(**ApiKeyOut.model_validate(issued.record).model_dump(), key=issued.key)


@endpoint(
    "POST",
    "/v1/tenants",
    scope=ADMIN,
    status=201,
    audited=Audited(action="tenant.created", id=("id",)),
)
def create_tenant(api: Api, _caller: ApiKey, *, body: TenantIn) -> TenantCreated:
    """Create a tenant; its first API key is shown only here."""
    record, key = api.tenancy.create_tenant(body.id)
    return TenantCreated(id=record.tenant, created_at=record.created_at, key=key)


ENDPOINTS = (create, list_all, show, change, rotate, revoke, create_tenant)
