"""/v1/quotas and /v1/tenants/{tenant}/quotas."""

from typing import Annotated

from pydantic import Field

from functions._api import fields
from functions._api.endpoint import Answer, Audited, Request, endpoint
from runtime.core.tenancy.api_key import ApiKey
from runtime.core.tenancy.scopes import ADMIN
from runtime.core.timestamps import timestamp
from runtime.core.usage import quotas as rules
from runtime.core.usage.quotas import Metered, Quotas
from runtime.wiring.api import Api

MAX_QUOTA = (1 << 53) - 1  # exact as a double, too
Limit = Annotated[fields.Counter, fields.within(0, MAX_QUOTA)]
_NONE = "null: no quota"


class QuotasIn(Request):
    """How much a tenant may use on one day, in UTC; what is left out has no quota."""

    events_per_day: Limit | None = Field(default=None, description=_NONE)
    deliveries_per_day: Limit | None = Field(default=None, description=_NONE)
    runs_per_day: Limit | None = Field(default=None, description=_NONE)


class QuotasOut(Answer):
    """The quotas of a tenant, and what is used of them today."""

    events_per_day: int | None = Field(description=_NONE)
    deliveries_per_day: int | None = Field(description=_NONE)
    runs_per_day: int | None = Field(description=_NONE)
    events_today: int | None = Field(description="null: nothing was counted")
    deliveries_today: int | None = Field(description="likewise; beyond the quota they are skipped")
    runs_today: int | None = Field(description="likewise")
    resets_at: str = Field(
        description="when a new day begins", json_schema_extra={"format": "date-time"}
    )


@endpoint("GET", "/v1/quotas", scope="events:read")
def show_own(api: Api, caller: ApiKey) -> QuotasOut:
    """Show your tenant's quotas, and what is used of them today."""
    return _shown(api, caller.tenant)


@endpoint("GET", "/v1/tenants/{tenant}/quotas", scope=ADMIN)
def show(api: Api, _caller: ApiKey, *, tenant: fields.ResourceId) -> QuotasOut:
    """Show a tenant's quotas, and what is used of them today."""
    api.usage.check_tenant(tenant)
    return _shown(api, tenant)


@endpoint(
    "PUT",
    "/v1/tenants/{tenant}/quotas",
    scope=ADMIN,
    audited=Audited(action="quotas.updated", id=("tenant",), show=show.call),
)
def change(api: Api, _caller: ApiKey, *, tenant: fields.ResourceId, body: QuotasIn) -> QuotasOut:
    """Set how much a tenant may use on one day; workers know of it after five seconds."""
    api.usage.check_tenant(tenant)
    api.usage.quotas.put(tenant, Quotas(**body.model_dump()))
    return _shown(api, tenant)


def _shown(api: Api, tenant: str) -> QuotasOut:
    quotas, used = api.usage.quotas.get(tenant), api.usage.quotas.used(tenant)
    today = {f"{metered}_today": used.get(metered) for metered in Metered}
    reset = timestamp(rules.resets_at(api.usage.clock()))
    return QuotasOut(**quotas.to_json(), **today, resets_at=reset)


ENDPOINTS = (show_own, show, change)
