"""Usage over the API."""

from typing import Any

import pytest

from runtime.core.usage.usage import Usage
from runtime.stores.usage.usages import Usages
from tests.api_client import ApiClient


@pytest.fixture
def used(api: ApiClient) -> ApiClient:
    """A tenant that used something on three days; another did on one of them."""
    usages = Usages(table=api.cloud.table("ledger", sort="sk"))
    days = [Usage(tenant=api.tenant, day=f"2026-11-{n}", events=n) for n in (18, 19, 20)]
    usages.keep([*days, Usage(tenant="globex", day="2026-11-19", events=7)])
    return api


@pytest.mark.parametrize(
    ("query", "events"),
    [
        ({}, [18, 19, 20]),
        ({"from": "2026-11-19"}, [19, 20]),
        ({"to": "2026-11-18"}, [18]),
        ({"from": "2026-11-19", "to": "2026-11-19"}, [19]),
        ({"from": "2026-11-20", "to": "2026-11-18"}, []),
    ],
)
def test_a_tenant_sees_its_own_days(
    used: ApiClient, query: dict[str, str], events: list[int]
) -> None:
    """Both ends of the range are days that are shown."""
    assert events == [each["events"] for each in used.get("/v1/usage", **query).json["data"]]


@pytest.mark.parametrize("day", ["20 November", "2026-W47-5", "20261120", "2026-02-30"])
def test_what_is_no_day_is_named(api: ApiClient, day: Any) -> None:
    """Python reads some of these; no other client writes them."""
    answer = api.get("/v1/usage", **{"from": day})

    assert (422, "bad_time", "from") == (
        answer.status,
        answer.json["code"],
        answer.json["field"],
    )
