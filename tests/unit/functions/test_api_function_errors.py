"""What a function fails with and how it does, over the API."""

from dataclasses import replace
from typing import Any

import pytest

from runtime.core.functions import error_groups
from runtime.core.functions.health import Health
from runtime.core.functions.run import Outcome
from tests.api_client import ApiClient
from tests.builders import NOW, NOW_MS, a_function, a_run

ERRORS = "/v1/functions/vip/errors"


@pytest.fixture
def vip(api: ApiClient) -> ApiClient:
    """The API of a tenant with a function."""
    function = a_function(tenant=api.tenant, name="vip", created_at="2026-11-19T00:00:00.000Z")
    api.application.functions.store.add(function)
    return api


def fail(api: ApiClient, kind: str, **changes: Any) -> None:
    """Record a group with one failed run of the function."""
    error = {
        "type": kind,
        "message": "no such key",
        "traceback": (
            'Traceback (most recent call last):\n  File "function.py", line 3, in handler\n'
            f"    return event['x']\n{kind}: no such key"
        ),
    }
    run = a_run(outcome=Outcome.RAISED, error=error, tenant=api.tenant, function="vip")
    (group,) = error_groups.group([replace(run, **changes)], function_created_at=NOW)
    api.application.functions.errors.add(group)


def types(api: ApiClient, **query: Any) -> list[str]:
    """Of the groups that are listed."""
    return [group["type"] for group in api.get(ERRORS, **query).json["data"]]


def test_a_group_says_what_failed_where_how_often_and_shows_an_example(vip: ApiClient) -> None:
    """Everything that a person asks first."""
    for _ in range(3):
        fail(vip, "KeyError")

    assert vip.get(ERRORS).json["data"] == [
        {
            "id": vip.get(ERRORS).json["data"][0]["id"],
            "function": "vip",
            "version": 1,
            "type": "KeyError",
            "code": None,
            "line": 3,
            "text": "return event['x']",
            "count": 3,
            "first_seen": NOW,
            "last_seen": NOW,
            "run_id": a_run().id,
            "outcome": "raised",
            "message": "no such key",
        }
    ]


def test_the_group_that_failed_last_comes_first_page_by_page_and_by_version(
    vip: ApiClient,
) -> None:
    """What fails now is what matters."""
    for number, (kind, version) in enumerate([("A", 1), ("B", 2), ("C", 1)]):
        fail(vip, kind, version=version, created_at=f"2026-11-20T13:0{number}:00.000Z")

    first = vip.get(ERRORS, limit=2).json

    assert [group["type"] for group in first["data"]] == ["C", "B"]
    assert types(vip, limit=2, cursor=first["next_cursor"]) == ["A"]
    assert types(vip, version=1) == ["C", "A"]
    assert types(vip, version=7) == []


def test_a_page_of_one_version_does_not_go_on_in_another(vip: ApiClient) -> None:
    """The cursor belongs to what was asked for."""
    for kind in ("A", "B"):
        fail(vip, kind)
    cursor = vip.get(ERRORS, limit=1, version=1).json["next_cursor"]

    assert vip.get(ERRORS, version=2, cursor=cursor).json["code"] == "bad_cursor"


def test_the_errors_of_an_earlier_function_of_the_name_are_not_shown(vip: ApiClient) -> None:
    """It was removed for good; what failed in it is no fault of the new one."""
    fail(vip, "KeyError", created_at="2026-11-18T23:59:59.999Z")
    fail(vip, "ValueError")

    assert types(vip) == ["ValueError"]
    assert types(vip, version=1) == ["ValueError"]


@pytest.mark.parametrize("version", ["-1", "one", "1.5", "1000000", "9" * 50])
def test_a_version_that_is_no_number_is_refused(vip: ApiClient, version: str) -> None:
    """By field, as everywhere."""
    answer = vip.get(ERRORS, version=version)

    assert (answer.status, answer.json["field"]) == (422, "version")


def test_errors_of_a_function_that_does_not_exist_are_not_found(api: ApiClient) -> None:
    """And those of another tenant's function are none of ours."""
    assert api.get(ERRORS).json["code"] == "function_not_found"


def test_a_function_that_fails_says_so(vip: ApiClient) -> None:
    """In its own page; one that does well says nothing."""
    assert vip.get("/v1/functions/vip").json["health"] is None
    well = Health(tenant=vip.tenant, function="vip")
    created_at = vip.get("/v1/functions/vip").json["created_at"]
    sick = replace(well, created_at=created_at, failures=12, failing_since_ms=NOW_MS, noticed=1)
    stored = vip.application.functions.healths.replace(well, sick)

    assert vip.get("/v1/functions/vip").json["health"] == {
        "failing": True,
        "failures": 12,
        "failing_since": NOW,
    }
    assert stored is not None
    vip.application.functions.healths.replace(stored, replace(stored, created_at=NOW))
    assert vip.get("/v1/functions/vip").json["health"] is None, "that was an earlier function"
