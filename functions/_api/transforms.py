"""/v1/transforms: data transforms, which make properties of profiles out of others."""

from collections.abc import Mapping
from typing import Any

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
from functions._api.jobs import JobOut
from runtime.core.page import Page
from runtime.core.preconditions import IfMatch
from runtime.core.tenancy.api_key import ApiKey
from runtime.core.transforms import parsing, rules
from runtime.core.transforms.transform import (
    TARGET_SUFFIX,
    Definition,
    Method,
    Transform,
    Version,
)
from runtime.usecases.transforms.try_transform import Trial
from runtime.usecases.transforms.update_transform import TransformChanges
from runtime.wiring.api import Api

_SETTINGS = "of the method; see the reference of data transforms"
_POSITION = "in the chain, from 1; later ones read what earlier ones have made"


class TransformIn(Request):
    """A data transform to create."""

    name: fields.Name
    method: fields.TransformMethod
    sources: list[fields.Property] = Field(
        description="the property that is read; for `merge` two to ten, in order of priority",
        json_schema_extra={"minItems": 1, "maxItems": rules.MAX_SOURCES},
    )
    target: fields.Property | None = Field(
        default=None,
        description="the property that is made; it may be the source itself. null: the first"
        f" source's name with `{TARGET_SUFFIX}` behind it",
    )
    settings: dict[str, Any] = Field(default={}, description=_SETTINGS)
    position: fields.TransformPosition | None = Field(
        default=None, description=f"{_POSITION}; null is the end"
    )


class NewTransformIn(TransformIn):
    """A data transform to create."""

    enabled: bool = True


class TransformTrialIn(TransformIn):
    """A data transform to try."""

    profiles: fields.TrialProfiles = Field(default=200, description="to look at, at most")


class TransformChangesIn(Request):
    """The fields to change; what is left out stays. Another method is another transform."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    name: fields.Name = ""
    sources: list[fields.Property] = Field(
        default=[], json_schema_extra={"minItems": 1, "maxItems": rules.MAX_SOURCES}
    )
    target: fields.Property = ""
    settings: dict[str, Any] = Field(default={}, description=f"{_SETTINGS}; all of them")
    position: fields.TransformPosition = Field(default=1, description=_POSITION)
    enabled: bool = True


class ChangesTrialIn(TransformChangesIn):
    """Changes of a data transform to try."""

    profiles: fields.TrialProfiles = Field(default=200, description="to look at, at most")


class RevertIn(Request):
    """The version whose definition the transform is to have."""

    version: fields.VersionNumber


class DefinitionOut(Answer):
    """What a data transform reads, does and makes."""

    name: str
    method: Method
    sources: list[str]
    target: str
    settings: dict[str, Any] = Field(description=_SETTINGS)


class TransformOut(DefinitionOut):
    """A data transform."""

    id: str
    position: int = Field(description=_POSITION)
    version: int = Field(description="of the definition, from 1")
    enabled: bool = Field(description="false: profiles show what they would without it")
    created_at: str
    updated_at: str
    etag: fields.ETag


class TransformVersionOut(DefinitionOut):
    """A definition that a data transform has, or had."""

    version: int
    created_at: str


class ExampleOut(Answer):
    """A profile that would change: the properties that differ, as it shows them."""

    profile_id: str
    before: dict[str, Any]
    after: dict[str, Any]


class TrialOut(Answer):
    """What the transform would do to the profiles that were looked at; nothing is stored."""

    profiles: int = Field(description="that were looked at")
    changed: int = Field(description="of them")
    too_large: int = Field(description="of them, where a value is too large to be derived")
    examples: list[ExampleOut] = Field(description="the first 20 that would change")


@endpoint(
    "POST",
    "/v1/transforms",
    scope="transforms:write",
    status=201,
    audited=Audited(action="transform.created", id=("id",)),
)
def create(api: Api, caller: ApiKey, *, body: NewTransformIn) -> TransformOut:
    """Create a data transform; it works on every profile that is written from then on."""
    made = api.transforms.create(
        caller.tenant, _definition(body), position=body.position, enabled=body.enabled
    )
    return transform_out(made)


@endpoint("GET", "/v1/transforms", scope="transforms:read")
def list_all(api: Api, caller: ApiKey, *, query: ListQuery) -> Listing[TransformOut]:
    """List data transforms in the order in which they work."""
    of = (caller.tenant, "transforms")
    begin = int(query.position(*of) or 0)
    transforms = api.transforms.store.load(caller.tenant).transforms
    end = begin + query.limit
    after = str(end) if end < len(transforms) else None
    return listing(Page(items=transforms[begin:end], after=after), transform_out, of=of)


@endpoint("POST", "/v1/transform-dry-runs", scope="transforms:read")
def try_new(api: Api, caller: ApiKey, *, body: TransformTrialIn) -> TrialOut:
    """Show what a new data transform would do to some of the profiles; nothing is stored."""
    return trial_out(
        api.transforms.try_out.new(
            caller.tenant, _definition(body), position=body.position, profiles=body.profiles
        )
    )


@endpoint("GET", "/v1/transforms/{transform_id}", scope="transforms:read")
def show(api: Api, caller: ApiKey, *, transform_id: fields.ResourceId) -> TransformOut:
    """Show a data transform."""
    return transform_out(api.transforms.store.load(caller.tenant).get(transform_id))


def _audited(action: str) -> Audited:
    return Audited(action=action, id=("transform_id",), show=show.call)


@endpoint(
    "PATCH",
    "/v1/transforms/{transform_id}",
    scope="transforms:write",
    audited=_audited("transform.updated"),
)
def change(
    api: Api,
    caller: ApiKey,
    *,
    transform_id: fields.ResourceId,
    body: TransformChangesIn,
    if_match: IfMatch,
) -> TransformOut:
    """Change a data transform; another definition is a new version of it."""
    after = api.transforms.update(
        caller.tenant, transform_id, changes=_changes(body), if_match=if_match
    )
    return transform_out(after)


@endpoint(
    "DELETE",
    "/v1/transforms/{transform_id}",
    scope="transforms:write",
    status=204,
    audited=_audited("transform.deleted"),
)
def delete(api: Api, caller: ApiKey, *, transform_id: fields.ResourceId, if_match: IfMatch) -> None:
    """Delete a data transform; what it has derived goes with it, and originals are as they were."""
    api.transforms.delete(caller.tenant, transform_id, if_match=if_match)


@endpoint("POST", "/v1/transforms/{transform_id}/dry-run", scope="transforms:read")
def try_change(
    api: Api, caller: ApiKey, *, transform_id: fields.ResourceId, body: ChangesTrialIn
) -> TrialOut:
    """Show what a change of a data transform would do to some profiles; nothing is stored."""
    return trial_out(
        api.transforms.try_out.change(
            caller.tenant, transform_id, changes=_changes(body), profiles=body.profiles
        )
    )


@endpoint("GET", "/v1/transforms/{transform_id}/versions", scope="transforms:read")
def versions(
    api: Api, caller: ApiKey, *, transform_id: fields.ResourceId, query: ListQuery
) -> Listing[TransformVersionOut]:
    """List the definitions that a data transform has had, the newest first; 20 are kept."""
    of = (caller.tenant, "transform_versions", transform_id)
    api.transforms.store.load(caller.tenant).get(transform_id)
    page = api.transforms.store.versions(
        caller.tenant, transform_id, after=query.position(*of), limit=query.limit
    )
    return listing(page, version_out, of=of)


@endpoint(
    "POST",
    "/v1/transforms/{transform_id}/revert",
    scope="transforms:write",
    audited=_audited("transform.reverted"),
)
def revert(
    api: Api, caller: ApiKey, *, transform_id: fields.ResourceId, body: RevertIn, if_match: IfMatch
) -> TransformOut:
    """Give a data transform the definition of an earlier version, as a new version."""
    after = api.transforms.update.revert(
        caller.tenant, transform_id, version=body.version, if_match=if_match
    )
    return transform_out(after)


@endpoint(
    "POST",
    "/v1/transform-backfills",
    scope="transforms:write",
    status=202,
    audited=Audited(action="transform.backfilled", id=("id",)),
)
def backfill(api: Api, caller: ApiKey) -> JobOut:
    """Bring every profile up to date with the data transforms: a job, which `/v1/jobs` shows."""
    return JobOut.model_validate(api.transforms.backfill(caller.tenant))


def _definition(body: TransformIn) -> Definition:
    first = body.sources[0] if body.sources else ""
    return Definition(
        name=body.name,
        sources=tuple(body.sources),
        target=first + TARGET_SUFFIX if body.target is None else body.target,
        settings=parsing.settings(Method(body.method), body.settings),
    )


def _changes(body: TransformChangesIn) -> TransformChanges:
    given = body.model_dump(exclude_unset=True, exclude={"profiles"})
    changes: TransformChanges = TransformChanges(**given)  # type: ignore[typeddict-item]
    if "sources" in changes:
        changes["sources"] = tuple(body.sources)
    return changes


def _definition_fields(definition: Definition) -> Mapping[str, Any]:
    return {
        "name": definition.name,
        "method": definition.method,
        "sources": list(definition.sources),
        "target": definition.target,
        "settings": parsing.to_json(definition.settings),
    }


def transform_out(transform: Transform) -> TransformOut:
    """A transform as callers see it."""
    return TransformOut(
        **_definition_fields(transform.definition),
        id=transform.id,
        position=transform.position,
        version=transform.version,
        enabled=transform.enabled,
        created_at=transform.created_at,
        updated_at=transform.updated_at,
        etag=transform.etag,
    )


def version_out(version: Version) -> TransformVersionOut:
    """A version as callers see it."""
    return TransformVersionOut(
        **_definition_fields(version.definition),
        version=version.version,
        created_at=version.created_at,
    )


def trial_out(trial: Trial) -> TrialOut:
    """A trial as callers see it."""
    return TrialOut.model_validate(trial)


ENDPOINTS = (
    *(create, list_all, try_new, show, change, delete, try_change, versions, revert, backfill),
)
