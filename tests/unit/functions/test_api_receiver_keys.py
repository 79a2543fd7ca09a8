"""A key for one webhook: its receiver sees its own deliveries without the tenant's key."""

from typing import Any

import pytest

from functions._api.endpoint import Endpoint
from functions._api.endpoints import ENDPOINTS
from runtime.core.deliveries.delivery import Status
from tests.api_client import ApiClient
from tests.builders import a_delivery

HOOK = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}
OPEN = {
    "GET /v1/webhooks/{webhook_id}",
    "POST /v1/webhooks/{webhook_id}/rotate-secret",
    "POST /v1/webhooks/{webhook_id}/test",
    "GET /v1/deliveries",
    "GET /v1/deliveries/{delivery_id}",
    "GET /v1/deliveries/{delivery_id}/request",
    "POST /v1/deliveries/{delivery_id}/retry",
}


def a_hook(api: ApiClient) -> str:
    """The id of a new webhook with one dead delivery."""
    hook = str(api.post("/v1/webhooks", HOOK).json["id"])
    delivery = a_delivery(
        id=f"dlv_{hook}", tenant=api.tenant, webhook_id=hook, status=Status.DEAD, due_at_ms=None
    )
    api.cloud.deliveries.add(delivery)
    return hook


def a_receiver(api: ApiClient, hook: str, **wanted: Any) -> ApiClient:
    """The API with a key for this webhook alone."""
    wanted = {"name": "crm", "preset": "receiver", "webhook_id": hook, **wanted}
    made = api.post("/v1/api-keys", wanted)
    assert 201 == made.status, made.text
    assert hook == made.json["webhook_id"]
    return api.with_key(made.json["key"])


def test_a_receiver_sees_its_webhook_and_its_deliveries_and_has_them_sent_again(
    api: ApiClient,
) -> None:
    """All that a portal shows."""
    hook, other = a_hook(api), a_hook(api)
    receiver = a_receiver(api, hook)

    assert hook == receiver.get(f"/v1/webhooks/{hook}").json["id"]
    listed = receiver.get("/v1/deliveries").json["data"]
    assert {hook} == {each["webhook_id"] for each in listed}
    assert other in api.get("/v1/deliveries").text
    path = f"/v1/deliveries/dlv_{hook}"
    assert [200, 200, 202] == [
        receiver.get(path).status,
        receiver.get(f"{path}/request").status,
        receiver.post(f"{path}/retry").status,
    ]
    secret = receiver.post(f"/v1/webhooks/{hook}/rotate-secret").json["secret"]
    assert secret.startswith("whsec_")
    assert 202 == receiver.post(f"/v1/webhooks/{hook}/test").status


def test_another_webhook_and_its_deliveries_look_like_none(api: ApiClient) -> None:
    """A receiver must not learn who else receives."""
    hook, other = a_hook(api), a_hook(api)
    receiver = a_receiver(api, hook)
    path = f"/v1/deliveries/dlv_{other}"

    answers = [
        receiver.get(f"/v1/webhooks/{other}"),
        receiver.get("/v1/webhooks/whk_none"),
        receiver.post(f"/v1/webhooks/{other}/rotate-secret"),
        receiver.get("/v1/deliveries", webhook=other),
        receiver.get(path),
        receiver.get(f"{path}/request"),
        receiver.post(f"{path}/retry"),
    ]

    assert [404] * 7 == [answer.status for answer in answers]
    assert {"webhook_not_found", "delivery_not_found"} == {each.json["code"] for each in answers}
    assert answers[0].json["detail"] == answers[1].json["detail"]
    assert "dead" == api.get(path).json["status"]


@pytest.mark.parametrize("each", ENDPOINTS, ids=lambda each: f"{each.method} {each.path}")
def test_every_other_operation_is_closed(
    api: ApiClient, receiver_of_admin: ApiClient, each: Endpoint
) -> None:
    """Also one that is added tomorrow: what is open is named, and all else is not."""
    path = each.path
    for name in each.parameters:
        path = path.replace(f"{{{name}}}", "x1")
    answer = receiver_of_admin.call(each.method, path, {} if each.body else None)

    is_open = f"{each.method} {each.path}" in OPEN
    assert is_open is each.is_for_receivers
    assert api.tenant
    if not is_open:
        assert 403 == answer.status
        assert answer.json["code"] in {"one_webhook_only", "missing_scope"}


@pytest.fixture(scope="module")
def receiver_of_admin(installation: ApiClient) -> ApiClient:
    """A receiver's key, made by an admin."""
    admin = installation.newcomer()
    return a_receiver(admin, a_hook(admin))


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"preset": "viewer"}, "scope_too_wide"),
        ({"preset": None, "scopes": ["keys:write"]}, "scope_too_wide"),
        ({"webhook_id": "whk_none"}, "webhook_not_found"),
        ({"webhook_id": ""}, "bad_field"),
    ],
)
def test_a_key_for_one_webhook_that_could_do_nothing_is_refused(
    api: ApiClient, wanted: dict[str, Any], code: str
) -> None:
    """When it is made, and not at the receiver's first call."""
    wanted = {"name": "crm", "preset": "receiver", "webhook_id": a_hook(api), **wanted}
    asked = {name: value for name, value in wanted.items() if value is not None}

    assert code == api.post("/v1/api-keys", asked).json["code"]


def test_another_tenants_webhook_is_none(api: ApiClient) -> None:
    """A key belongs to the tenant of its maker."""
    wanted = {"name": "crm", "preset": "receiver", "webhook_id": a_hook(api.newcomer())}

    assert "webhook_not_found" == api.post("/v1/api-keys", wanted).json["code"]


def test_the_successor_of_a_receivers_key_is_for_the_same_webhook(api: ApiClient) -> None:
    """A rotation must not widen a key."""
    hook = a_hook(api)
    a_receiver(api, hook)
    (old,) = [each for each in api.get("/v1/api-keys").json["data"] if each["webhook_id"]]

    new = api.post(f"/v1/api-keys/{old['id']}/rotate").json

    assert hook == new["webhook_id"]
    assert 403 == api.with_key(new["key"]).get("/v1/webhooks").status


def test_the_key_of_a_deleted_webhook_reaches_nothing(api: ApiClient) -> None:
    """Its deliveries are the tenant's to see, not the former receiver's to sign."""
    hook = a_hook(api)
    receiver = a_receiver(api, hook)
    api.call("DELETE", f"/v1/webhooks/{hook}")

    assert 404 == receiver.get(f"/v1/webhooks/{hook}").status
    assert 404 == receiver.get(f"/v1/deliveries/dlv_{hook}/request").status
