"""Headers, logins and certificates over the API: checked, sealed, and never answered."""

from typing import Any

import pytest

from tests.api_client import ApiClient
from tests.certificates import Authority

SECRET = "s3cr3t-of-the-receiver"
OAUTH2 = {
    "kind": "oauth2",
    "token_url": "https://login.example.com/token",
    "client_id": "me",
    "client_secret": SECRET,
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who certifies clients here."""
    return Authority.create(tmp_path_factory.mktemp("certificates"))


def create(api: ApiClient, **access: Any) -> Any:
    """The answer to creating a webhook whose endpoint asks for this."""
    wanted = {"name": "orders", "url": "https://hooks.example.com/", "topics": ["metric.x"]}
    return api.post("/v1/webhooks", wanted | access)


def certificate(authority: Authority, **how: Any) -> dict[str, str]:
    """A client certificate as the API takes it."""
    text, key = authority.client(**how)
    return {"certificate": text, "private_key": key}


def test_what_an_endpoint_asks_for_is_sealed_and_only_its_outline_shown(
    api: ApiClient, authority: Authority
) -> None:
    """Not even its owner can read it again."""
    own = certificate(authority)
    made = create(api, headers={"X-Api-Key": SECRET}, auth=OAUTH2, client_certificate=own)

    assert 201 == made.status
    assert (["X-Api-Key"], "oauth2") == (made.json["header_names"], made.json["auth_kind"])
    assert made.json["certificate_expires_at"].endswith("Z")
    shown = made.text + api.get(f"/v1/webhooks/{made.json['id']}").text
    stored = repr(
        api.application.webhooks.store.config.get(
            api.tenant, f"webhook#{made.json['id']}", what="webhook"
        )
    )
    for hidden in (SECRET, own["private_key"][30:60], "login.example.com"):
        assert hidden not in shown
        assert hidden not in stored
    record = api.application.webhooks.store.get(api.tenant, made.json["id"])
    assert record.auth is not None
    assert SECRET in api.application.tenancy.answer_once.unseal(api.tenant, record.auth.ciphertext)


@pytest.mark.parametrize(
    "auth",
    [
        {"kind": "basic", "username": "me", "password": SECRET},
        {"kind": "basic", "username": "me", "password": ""},
        {"kind": "bearer", "token": SECRET},
        OAUTH2 | {"scope": "a b", "audience": "crm", "client_auth": "body"},
    ],
)
def test_a_login_is_set_changed_and_taken_away(api: ApiClient, auth: dict[str, Any]) -> None:
    """And what a change does not name stays."""
    made = create(api, headers={"X-A": "1"}, auth=auth).json
    path = f"/v1/webhooks/{made['id']}"

    renamed = api.call("PATCH", path, {"name": "renamed"}).json
    without = api.call("PATCH", path, {"auth": None}).json
    bare = api.call("PATCH", path, {"headers": {}}).json

    assert (auth["kind"], ["X-A"]) == (renamed["auth_kind"], renamed["header_names"])
    assert (None, ["X-A"]) == (without["auth_kind"], without["header_names"])
    assert [] == bare["header_names"]


@pytest.mark.parametrize(
    ("access", "code", "field"),
    [
        ({"headers": {"Host": "x"}}, "header_reserved", "headers.Host"),
        ({"headers": {"webhook-id": "x"}}, "header_reserved", "headers.webhook-id"),
        ({"headers": {"Klaviyo-Signature": "x"}}, "header_reserved", "headers.Klaviyo-Signature"),
        ({"headers": {"X-Forwarded-For": "x"}}, "header_reserved", "headers.X-Forwarded-For"),
        ({"headers": {"Content-Type": "x"}}, "header_reserved", "headers.Content-Type"),
        ({"headers": {"transfer-encoding": "x"}}, "header_reserved", "headers.transfer-encoding"),
        ({"headers": {"X A": "x"}}, "bad_header", "headers"),
        ({"headers": {"": "x"}}, "bad_header", "headers"),
        ({"headers": {"X-A": "a\r\nX-B: b"}}, "bad_header", "headers.X-A"),
        ({"headers": {"X-A": ""}}, "bad_header", "headers.X-A"),
        ({"headers": {"X-A": "ä"}}, "bad_header", "headers.X-A"),
        ({"headers": {"X-A": "x" * 4097}}, "bad_header", "headers.X-A"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "too_many_headers", "headers"),
        ({"headers": {f"X-{n}": "1" for n in range(21)}}, "too_many_headers", "headers"),
        ({"headers": {"X-A": 7}}, "bad_field", "headers.X-A"),
        (
            {"auth": {"kind": "basic", "username": "a:b", "password": "c"}},
            "bad_auth",
            "auth.username",
        ),
        *(
            (
                {"auth": {"kind": "basic", "username": "me", "password": text}},
                "bad_auth",
                "auth.password",
            )
            for text in (" " * 16, SECRET + " ", "\u00a0" + SECRET)
        ),
        (
            {"auth": {"kind": "basic", "username": "me ", "password": "c"}},
            "bad_auth",
            "auth.username",
        ),
        ({"auth": {"kind": "bearer", "token": SECRET + " "}}, "bad_auth", "auth.token"),
        ({"auth": OAUTH2 | {"client_id": " me"}}, "bad_auth", "auth.client_id"),
        ({"auth": OAUTH2 | {"client_secret": SECRET + " "}}, "bad_auth", "auth.client_secret"),
        ({"headers": {"X-A": " " * 16}}, "bad_header", "headers.X-A"),
        ({"headers": {"X-A": SECRET + " "}}, "bad_header", "headers.X-A"),
        ({"auth": {"kind": "bearer", "token": "two words"}}, "bad_auth", "auth.token"),
        ({"auth": {"kind": "bearer", "token": ""}}, "bad_auth", "auth.token"),
        ({"auth": OAUTH2 | {"client_id": ""}}, "bad_auth", "auth.client_id"),
        (
            {"auth": OAUTH2 | {"token_url": "http://login.example.com/"}},
            "url_not_https",
            "auth.token_url",
        ),
        (
            {"auth": OAUTH2 | {"token_url": "https://169.254.169.254/"}},
            "url_ip_literal",
            "auth.token_url",
        ),
        (
            {"headers": {"authorization": "x"}, "auth": {"kind": "bearer", "token": SECRET}},
            "bad_auth",
            "auth",
        ),
        (
            {"client_certificate": {"certificate": "x", "private_key": SECRET}},
            "bad_certificate",
            "client_certificate",
        ),
    ],
)
def test_what_could_never_be_sent_is_refused_by_field_and_not_repeated(
    api: ApiClient, access: dict[str, Any], code: str, field: str
) -> None:
    """The refusal goes into logs; the value may be a secret with a slip in it."""
    refused = create(api, **access)

    assert (422, code, field) == (refused.status, refused.json["code"], refused.json["field"])
    assert SECRET not in refused.text


def test_a_certificate_that_nobody_could_use_is_refused(
    api: ApiClient, authority: Authority
) -> None:
    """Expired, or with the key of another: at the first delivery it would be a riddle."""
    expired = create(api, client_certificate=certificate(authority, days=-1))
    mixed = certificate(authority) | {"private_key": certificate(authority)["private_key"]}
    strange = create(api, client_certificate=mixed)

    for refused in (expired, strange):
        assert (422, "bad_certificate") == (refused.status, refused.json["code"])
        assert "PRIVATE KEY" not in refused.text
    assert "expired" in expired.json["detail"]
