"""Syncs to destinations of a tenant's own, over the API."""

import json

import pytest

from tests.api_client import ApiClient
from tests.warehouse_http import PEM

GIVEN = {
    "host": "db.example.com",
    "port": 6543,
    "database": "shop",
    "user": "penstock",
    "password": "hunter2 and more",
}
BODY = {"name": "own", "kind": "postgresql", "settings": GIVEN}


def test_a_password_is_stored_sealed_and_never_shown(api: ApiClient) -> None:
    """Not in an answer, not in the record, and not in the audit log."""
    made = api.post("/v1/syncs", BODY)

    assert 201 == made.status
    assert f"penstock_{api.tenant}" == made.json["schema"]
    assert ["password"] == made.json["sealed_names"]
    assert made.json["settings"] == {
        "host": "db.example.com",
        "port": "6543",
        "database": "shop",
        "user": "penstock",
    }
    stored = api.application.syncs.store.get(api.tenant, made.json["id"])
    entries = api.get("/v1/audit").json
    for text in (json.dumps(made.json), repr(stored), json.dumps(entries)):
        assert "hunter2" not in text
    opened = api.cloud.secrets.open(api.tenant, stored.sealed["password"])
    assert "hunter2 and more" == opened


@pytest.mark.parametrize(
    ("settings", "code", "field"),
    [
        ({}, "bad_settings", "settings.host"),
        (GIVEN | {"sslmode": "disable"}, "bad_settings", "settings.sslmode"),
        (GIVEN | {"password": "hunter\n2"}, "bad_settings", "settings.password"),
        (GIVEN | {"host": "10.0.0.7"}, "url_ip_literal", "settings.host"),
        (GIVEN | {"host": "db.internal"}, "blocked_address", "settings.host"),
        (GIVEN | {"port": 25}, "url_port", "settings.port"),
    ],
)
def test_settings_are_refused_by_name_without_their_values(
    api: ApiClient, settings: dict[str, object], code: str, field: str
) -> None:
    """Who registers a database must read at once why it will never be loaded."""
    refused = api.post("/v1/syncs", BODY | {"settings": settings})

    assert (422, code, field) == (refused.status, refused.json["code"], refused.json["field"])
    assert "hunter" not in json.dumps(refused.json)


def test_a_key_of_google_is_taken_whole_and_never_shown(api: ApiClient) -> None:
    """Its file is what people download; what it lacks is said at once."""
    key = {"private_key": PEM, "private_key_id": "k1", "client_email": "p@shop.example"}
    body = {"name": "own", "kind": "bigquery"}
    given = {"project": "shop-1", "location": "EU"}

    made = api.post("/v1/syncs", body | {"settings": given | {"key": json.dumps(key)}})
    refused = api.post("/v1/syncs", body | {"settings": given | {"key": '{"type": "hunter2"}'}})

    assert (201, given, ["key"]) == (made.status, made.json["settings"], made.json["sealed_names"])
    assert "PRIVATE KEY" not in json.dumps(made.json)
    assert (422, "bad_settings", "settings.key") == (
        refused.status,
        refused.json["code"],
        refused.json["field"],
    )
    assert "hunter2" not in json.dumps(refused.json)


def test_snowflake_needs_a_bucket_of_ones_own_to_read_from(api: ApiClient) -> None:
    """No account of a tenant reads the installation's bucket, which has everybody's files."""
    given = {
        "account": "shop-main",
        "database": "ANALYTICS",
        "warehouse": "LOADING",
        "role": "PENSTOCK",
        "stage": "ANALYTICS.PUBLIC.PENSTOCK",
        "user": "loader",
        "private_key": PEM,
    }
    own = {"bucket": "lake", "role_arn": "arn:aws:iam::123456789012:role/penstock/writer"}
    body = {"name": "own", "kind": "snowflake"}

    made = api.post("/v1/syncs", body | {"settings": given | own})
    refused = api.post("/v1/syncs", body | {"settings": given})

    assert (201, ["private_key"]) == (made.status, made.json["sealed_names"])
    assert (422, "settings.bucket") == (refused.status, refused.json["field"])


def test_a_pool_of_synapse_is_told_with_a_container_and_its_secrets_stay_sealed(
    api: ApiClient,
) -> None:
    """A signature is pasted as the portal shows it; a host inside a network is refused at once."""
    shown = {
        "host": "shop.sql.azuresynapse.net",
        "database": "pool",
        "user": "loader",
        "storage_account": "shop",
        "container": "penstock-stage",
        "prefix": "penstock/",
    }
    sealed = {"password": "hunter2 and more", "sas_token": "?sv=2021-08-06&sr=c&sig=hunter3%3D"}
    body = {"name": "own", "kind": "synapse", "settings": shown | sealed}

    made = api.post("/v1/syncs", body)
    inside = api.post("/v1/syncs", body | {"settings": shown | sealed | {"host": "db.internal"}})
    quoted = api.post("/v1/syncs", body | {"settings": shown | sealed | {"sas_token": "a'" * 20}})

    assert (201, shown) == (made.status, made.json["settings"])
    assert sorted(sealed) == made.json["sealed_names"]
    assert "hunter" not in json.dumps(made.json)
    assert (422, "settings.host") == (inside.status, inside.json["field"])
    path = f"/v1/syncs/{made.json['id']}"
    assert 200 == api.call("PATCH", path, {"settings": {"password": "other"}}).status
    assert (422, "settings.sas_token") == (quoted.status, quoted.json["field"])


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"bucket": "lake"}, "settings.role_arn"),
        ({"prefix": "events/"}, "settings.bucket"),
        ({"bucket": "lake", "role_arn": "arn:aws:iam::123456789012:role/api"}, "settings.role_arn"),
        ({"bucket": "lake", "access_key": "hunter2"}, "settings.access_key"),
    ],
)
def test_a_bucket_of_ones_own_is_written_to_by_a_role(
    api: ApiClient, settings: dict[str, str], field: str
) -> None:
    """Keys that never change are stolen; a role outside of our path could be one of our own."""
    refused = api.post("/v1/syncs", {"name": "n", "kind": "s3", "settings": settings})
    assert (422, "bad_settings", field) == (
        refused.status,
        refused.json["code"],
        refused.json["field"],
    )
    role = {"role_arn": "arn:aws:iam::123456789012:role/penstock/writer"}
    made = api.post("/v1/syncs", {"name": "n", "kind": "s3", "settings": {"bucket": "lake"} | role})
    assert (201, {"bucket": "lake"} | role) == (made.status, made.json["settings"])


def test_destinations_of_the_installation_take_no_settings(api: ApiClient) -> None:
    """A host that is told to a sync into Redshift would be ignored in silence."""
    refused = api.post("/v1/syncs", {"name": "n", "kind": "redshift", "settings": GIVEN})
    assert (422, "bad_settings") == (refused.status, refused.json["code"])


def test_a_password_is_changed_alone_and_the_server_never(api: ApiClient) -> None:
    """Rows that are loaded already would be missing at another server."""
    made = api.post("/v1/syncs", BODY).json
    path = f"/v1/syncs/{made['id']}"

    changed = api.call("PATCH", path, {"settings": {"password": "other", "user": "loader"}})
    refused = api.call("PATCH", path, {"settings": {"host": "db2.example.com"}})
    same = api.call("PATCH", path, {"settings": {}})

    assert {**made["settings"], "user": "loader"} == changed.json["settings"]
    assert made["etag"] != changed.json["etag"] == same.json["etag"]
    stored = api.application.syncs.store.get(api.tenant, made["id"])
    assert "other" == api.cloud.secrets.open(api.tenant, stored.sealed["password"])
    assert (422, "bad_settings", "settings.host") == (
        refused.status,
        refused.json["code"],
        refused.json["field"],
    )
