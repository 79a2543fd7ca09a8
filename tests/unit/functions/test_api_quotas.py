"""Quotas over the API: an admin sets them, and calls beyond them are told when to come again."""

import pytest

from runtime.core.tenancy.scopes import ADMIN, SCOPES
from tests.api_client import ApiClient


@pytest.fixture
def admin(api: ApiClient) -> ApiClient:
    """A key that may do everything."""
    return api.newcomer().as_tenant("boss", scopes=(ADMIN, *SCOPES))


@pytest.fixture
def limited(admin: ApiClient) -> ApiClient:
    """A tenant that may send three events a day."""
    tenant = admin.newcomer()
    made = admin.post("/v1/tenants", {"id": tenant.tenant})
    admin.call("PUT", f"/v1/tenants/{tenant.tenant}/quotas", {"events_per_day": 3})
    return tenant.with_key(made.json["key"])


def test_a_call_beyond_the_quota_takes_nothing_and_says_when_to_come_again(
    limited: ApiClient,
) -> None:
    """A sender that honours `Retry-After` loses nothing."""
    assert 202 == limited.post("/v1/events", {"topic": "metric.x"}).status

    refused = limited.post("/v1/events", {"events": [{"topic": "metric.x"}] * 3})

    assert (429, "quota_exceeded") == (refused.status, refused.json["code"])
    assert 1 <= int(refused.headers["retry-after"]) <= 86_400
    shown = limited.get("/v1/quotas").json
    assert (3, 1) == (shown["events_per_day"], shown["events_today"])
    assert 202 == limited.post("/v1/events", {"events": [{"topic": "metric.x"}] * 2}).status


def test_events_that_are_refused_anyway_do_not_count(limited: ApiClient) -> None:
    """A sender's mistake must not use up its day."""
    limited.post("/v1/events", {"events": [{"topic": "Bad"}] * 3 + [{"topic": "metric.x"}]})

    assert 1 == limited.get("/v1/quotas").json["events_today"]


def test_an_admin_sets_and_takes_back_quotas(admin: ApiClient, limited: ApiClient) -> None:
    """What is left out of a PUT has no quota."""
    path = f"/v1/tenants/{limited.tenant}/quotas"

    shown = admin.call("PUT", path, {"deliveries_per_day": 0, "runs_per_day": 7}).json

    assert (None, 0, 7) == tuple(shown[f"{of}_per_day"] for of in ("events", "deliveries", "runs"))
    assert shown == admin.get(path).json == limited.get("/v1/quotas").json
    entry = admin.get("/v1/audit", action="quotas.updated").json["data"][0]
    assert limited.tenant == entry["resource"]["id"]


def test_only_an_admin_sets_quotas_and_only_of_a_tenant_that_exists(
    admin: ApiClient, limited: ApiClient
) -> None:
    """A tenant that could raise its own would have none."""
    own = limited.call("PUT", f"/v1/tenants/{limited.tenant}/quotas", {"events_per_day": 9})
    nobody = admin.call("PUT", "/v1/tenants/nobody/quotas", {"events_per_day": 9})

    assert (403, "missing_scope") == (own.status, own.json["code"])
    assert (404, "tenant_not_found") == (nobody.status, nobody.json["code"])
