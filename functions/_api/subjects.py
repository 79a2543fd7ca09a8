"""/v1/profiles/{profile_id}/subject: everything that is kept of one person."""

from typing import Any

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Answer, Listing, ListQuery, endpoint, listing
from runtime.core.tenancy.api_key import ApiKey
from runtime.usecases.erasure.show_subject import Part, PartKind
from runtime.wiring.api import Api


class PartOut(Answer):
    """One record of the person."""

    kind: PartKind
    record: dict[str, Any] = Field(description="as it is stored; which fields, the kind says")


@endpoint("GET", "/v1/profiles/{profile_id}/subject", scope="profiles:read")
def show(
    api: Api, caller: ApiKey, *, profile_id: fields.ProfileId, query: ListQuery
) -> Listing[PartOut]:
    """Show everything that is kept of a person, for a request of access.

    First comes the profile, then the timeline with each event and what was sent of it, then the
    runs about the person. A page may be short and not the last.
    """
    of = (caller.tenant, "subject", profile_id)
    page = api.profiles.subject(
        caller.tenant, profile_id, limit=query.limit, after=query.position(*of)
    )
    return listing(page, _part_out, of=of)


def _part_out(part: Part) -> PartOut:
    return PartOut(kind=part.kind, record=dict(part.record))


ENDPOINTS = (show,)
