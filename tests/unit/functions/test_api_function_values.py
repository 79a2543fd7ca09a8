"""What a function's code sees besides its events, over the API: environment and secrets."""

from typing import Any

import pytest

from tests.api_client import ApiClient


@pytest.fixture
def vip(api: ApiClient) -> str:
    """The path of a function with an environment and two declared secrets."""
    settings = {"environment": {"SHOP": "a"}, "secrets": ["CRM_TOKEN", "ERP_TOKEN"]}
    api.post("/v1/functions", {"name": "vip", **settings})
    return "/v1/functions/vip"


def secrets(api: ApiClient, path: str) -> dict[str, tuple[int, bool]]:
    """The version of each secret, and whether it has a value."""
    listed = api.get(f"{path}/secrets").json["data"]
    return {each["name"]: (each["version"], each["has_value"]) for each in listed}


def test_the_environments_version_grows_when_something_changes(api: ApiClient, vip: str) -> None:
    """Two runs with one version have seen the same values."""
    at_first = api.get(f"{vip}/environment").json

    same = api.call("PUT", f"{vip}/environment", {"values": {"SHOP": "a"}}).json
    other = api.call("PUT", f"{vip}/environment", {"values": {"REGION": "eu"}}).json
    patched = api.call("PATCH", vip, {"environment": {}}).json
    unrelated = api.call("PATCH", vip, {"topics": ["metric.x"]}).json

    assert {"version": 1, "values": {"SHOP": "a"}}.items() <= at_first.items()
    assert at_first == same
    assert (2, {"REGION": "eu"}) == (other["version"], other["values"])
    assert (3, {}) == (patched["environment_version"], patched["environment"])
    assert 3 == unrelated["environment_version"]


def test_a_later_environment_is_not_replaced_by_who_has_not_read_it(
    api: ApiClient, vip: str
) -> None:
    """Two people who each add a value keep both."""
    read = api.get(f"{vip}/environment").json
    api.call("PUT", f"{vip}/environment", {"values": {"SHOP": "b"}, "version": read["version"]})

    late = api.call(
        "PUT", f"{vip}/environment", {"values": {"SHOP": "c"}, "version": read["version"]}
    )

    assert (409, "environment_changed") == (late.status, late.json["code"])
    assert "has version 2 by now" in late.json["detail"]
    shown = api.get(f"{vip}/environment").json
    assert (2, {"SHOP": "b"}) == (shown["version"], shown["values"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"values": {"A": "x" * 1024 * 1024}}, "environment_too_large"),
        ({"values": {"A B": "1"}}, "bad_environment_name"),
        ({"values": {"A": "x\0y"}}, "bad_environment_name"),
        ({"values": {"A": 1}}, "bad_field"),
        ({"values": {"A": None}}, "bad_field"),
        ({"values": ["A"]}, "bad_field"),
        ({"values": {}, "version": "1"}, "bad_field"),
        ({"version": 1}, "missing_field"),
        ({"values": {}, "value": {}}, "unknown_field"),
    ],
)
def test_a_bad_environment_changes_nothing(api: ApiClient, vip: str, body: Any, code: str) -> None:
    """A megabyte, a name with a blank, a number: the error names the field."""
    refused = api.call("PUT", f"{vip}/environment", body)

    assert (422, code) == (refused.status, refused.json["code"])
    assert refused.json["field"]
    shown = api.get(f"{vip}/environment").json
    assert (1, {"SHOP": "a"}) == (shown["version"], shown["values"])


def test_a_secrets_version_grows_with_each_value_and_its_value_is_never_shown(
    api: ApiClient, vip: str
) -> None:
    """A run's record says which version it saw, and nobody learns what that was."""
    for value in ("first-hush", "second-hush"):
        assert 204 == api.call("PUT", f"{vip}/secrets/CRM_TOKEN", {"value": value}).status

    shown = api.get(f"{vip}/secrets")

    assert "hush" not in shown.text + api.get(vip).text
    crm, erp = shown.json["data"]
    assert ("CRM_TOKEN", 2, True) == (crm["name"], crm["version"], crm["has_value"])
    assert crm["set_at"].endswith("Z")
    assert {"name": "ERP_TOKEN", "version": 0, "has_value": False, "set_at": None} == erp


def test_a_secret_that_is_unset_stays_declared_and_counts_on(api: ApiClient, vip: str) -> None:
    """Else two values would have the same version on the records of runs."""
    path = f"{vip}/secrets/CRM_TOKEN"
    api.call("PUT", path, {"value": "first"})

    assert [204, 204] == [api.call("DELETE", path).status for _ in range(2)]
    assert {"CRM_TOKEN": False, "ERP_TOKEN": False} == api.get(vip).json["secrets"]
    assert (1, False) == secrets(api, vip)["CRM_TOKEN"]

    api.call("PUT", path, {"value": "second"})
    assert (2, True) == secrets(api, vip)["CRM_TOKEN"]


def test_a_secret_that_is_not_declared_cannot_be_unset(api: ApiClient, vip: str) -> None:
    """A slip in the name must not look as if the secret were gone."""
    refused = api.call("DELETE", f"{vip}/secrets/CRM_TOKN")

    assert (404, "secret_not_found") == (refused.status, refused.json["code"])
    assert "it declares CRM_TOKEN, ERP_TOKEN" in refused.json["detail"]


def test_a_secret_that_is_declared_anew_counts_on(api: ApiClient, vip: str) -> None:
    """A deploy without the name and one with it must not give two values the same version."""
    for value in ("first", "second"):
        api.call("PUT", f"{vip}/secrets/CRM_TOKEN", {"value": value})

    api.call("PATCH", vip, {"secrets": ["ERP_TOKEN"]})
    api.call("PATCH", vip, {"secrets": ["CRM_TOKEN"]})

    assert {"CRM_TOKEN": (2, False)} == secrets(api, vip)
    api.call("PUT", f"{vip}/secrets/CRM_TOKEN", {"value": "third"})
    api.call("PUT", f"{vip}/secrets/ERP_TOKEN", {"value": "another"})
    assert {"CRM_TOKEN": (3, True), "ERP_TOKEN": (3, True)} == secrets(api, vip)
