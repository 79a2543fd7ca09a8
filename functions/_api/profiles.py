"""/v1/profiles."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from functions._api import fields
from functions._api.endpoint import Answer, Listing, endpoint
from runtime.core.tenancy.api_key import ApiKey
from runtime.wiring.api import Api


class ProfilesQuery(BaseModel):
    """Whom: exactly one of these."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    external_id: fields.ProfileId | None = Field(default=None, description="the customer's own id")
    email: fields.ProfileId | None = Field(
        default=None, description="for profiles whose events name no `external_id`"
    )
    phone: fields.ProfileId | None = Field(
        default=None, description="for profiles whose events name neither of the others"
    )


class ProfileOut(Answer):
    """A person, as known now."""

    id: str
    external_id: str | None
    email: str | None
    phone: str | None
    properties: dict[str, Any] = Field(
        validation_alias="shown_properties", description="with the values of data transforms"
    )
    revision: int
    updated_at: str


@endpoint("GET", "/v1/profiles/{profile_id+}", scope="profiles:read")
def show(api: Api, caller: ApiKey, *, profile_id: fields.ProfileId) -> ProfileOut:
    """Show a profile."""
    return ProfileOut.model_validate(api.profiles.show(caller.tenant, profile_id))


@endpoint("GET", "/v1/profiles", scope="profiles:read")
def find(api: Api, caller: ApiKey, *, query: ProfilesQuery) -> Listing[ProfileOut]:
    """Find a profile by the strongest identifier that its events name; an empty list if none is."""
    profile = api.profiles.find(caller.tenant, query.model_dump(exclude_none=True))
    return Listing(data=[] if profile is None else [ProfileOut.model_validate(profile)])


ENDPOINTS = (find, show)
