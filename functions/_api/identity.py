"""/v1/identity."""

from typing import Annotated

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Answer, Audited, Request, endpoint
from runtime.core.events import envelope
from runtime.core.preconditions import IfMatch
from runtime.core.profiles import names
from runtime.core.tenancy.api_key import ApiKey
from runtime.wiring.api import Api

OwnKind = Annotated[str, fields.says(pattern=fields.whole(envelope.OWN_KIND))]
Limit = Annotated[fields.Integer, fields.within(1, names.MAX_VALUES)]
_COUNTRY = "ISO 3166 code, such as `DE`: whose numbers those without a country code are"


class IdentityIn(Request):
    """The rules of names; what is left out has its default."""

    default_country: str | None = Field(default=None, description=_COUNTRY)
    lower_local_part: bool = Field(
        default=True, description="whether case counts for nothing before the @ of an address"
    )
    own_kinds: list[OwnKind] = Field(
        default=[],
        description="your own kinds of names, the strongest first",
        json_schema_extra={"maxItems": envelope.MAX_OWN_KINDS},
    )
    max_values: dict[str, Limit] = Field(
        default={},
        description="how many names of a kind one person may have, by kind; 1: it is unique",
    )
    blocked: list[str] = Field(
        default=[],
        description="values that name nobody, such as a shop's own address",
        json_schema_extra={"maxItems": names.MAX_BLOCKED},
    )


class IdentityOut(Answer):
    """By which rules names are read, and which of them may join people."""

    default_country: str | None
    lower_local_part: bool
    own_kinds: list[str]
    max_values: dict[str, int] = Field(description="of every kind")
    blocked: list[str]
    etag: fields.ETag


@endpoint("GET", "/v1/identity", scope="profiles:read")
def show(api: Api, caller: ApiKey) -> IdentityOut:
    """Show by which rules names are read."""
    return _shown(api.profiles.rules.get(caller.tenant))


@endpoint(
    "PUT",
    "/v1/identity",
    scope="profiles:write",
    audited=Audited(action="identity.updated", id=(), show=show.call),
)
def change(api: Api, caller: ApiKey, *, body: IdentityIn, if_match: IfMatch) -> IdentityOut:
    """Set by which rules names are read; the form of names stays once there are profiles."""
    rules = names.parse_rules(body.model_dump())
    return _shown(api.profiles.set_identity(caller.tenant, rules, if_match=if_match))


def _shown(rules: names.NameRules) -> IdentityOut:
    return IdentityOut(**rules.to_json(), etag=rules.etag)


ENDPOINTS = (show, change)
