"""/v1/usage."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from functions._api import fields
from functions._api.endpoint import LATE, Answer, Listing, endpoint
from functions._misfits import read_by
from runtime.core.tenancy.api_key import ApiKey
from runtime.core.usage import usage as usages
from runtime.wiring.api import Api

Day = Annotated[str, fields.says(format="date"), read_by(usages.read_day)]


class UsageQuery(BaseModel):
    """Which days."""

    model_config = ConfigDict(extra="forbid", frozen=True, **LATE)
    since: Day | None = Field(default=None, alias="from", description="this day and later ones")
    until: Day | None = Field(default=None, alias="to", description="this day and earlier ones")


class UsageOut(Answer):
    """What your tenant used on one day, in UTC."""

    day: str = Field(json_schema_extra={"format": "date"})
    events: int = Field(description="events, each id once")
    event_bytes: int = Field(description="of their properties and names, as JSON")
    deliveries: int = Field(description="deliveries that had their first attempt")
    attempts: int = Field(description="attempts of deliveries, the first ones too")
    runs: int = Field(description="runs of functions, each attempt of one; skipped ones are none")


@endpoint("GET", "/v1/usage", scope="events:read")
def show(api: Api, caller: ApiKey, *, query: UsageQuery) -> Listing[UsageOut]:
    """Show what your tenant used on each day that has ended; a day is counted within the next.

    A day on which nothing was used has no entry.
    """
    days = api.usage.store.between(caller.tenant, since=query.since, until=query.until)
    return Listing(data=[UsageOut.model_validate(each) for each in days])


ENDPOINTS = (show,)
