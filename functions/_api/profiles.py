"""/v1/profiles."""

from typing import Any

from functions._api import fields
from functions._api.endpoint import Answer, endpoint
from runtime.core.tenancy.api_key import ApiKey
from runtime.wiring.api import Api


class ProfileOut(Answer):
    """A person, as known now."""

    id: str
    external_id: str | None
    email: str | None
    phone: str | None
    properties: dict[str, Any]
    revision: int
    updated_at: str


@endpoint("GET", "/v1/profiles/{profile_id+}", scope="profiles:read")
def show(api: Api, caller: ApiKey, *, profile_id: fields.ProfileId) -> ProfileOut:
    """Show a profile."""
    return ProfileOut.model_validate(api.profiles.show(caller.tenant, profile_id))


ENDPOINTS = (show,)
