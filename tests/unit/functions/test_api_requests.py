"""The POST of a delivery, signed for whoever carries it to a receiver by hand."""

from typing import Any

import pytest

from penstock.webhooks import Receiver
from runtime.core.deliveries.delivery import Status
from tests.api_client import ApiClient
from tests.builders import a_delivery

HOOK = {
    "name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"],
    "headers": {"x-tenant-token": "only the endpoint sees this"},
}  # fmt: skip


def a_hook(api: ApiClient, **changes: Any) -> dict[str, Any]:
    """A new webhook with its secret."""
    made: dict[str, Any] = api.post("/v1/webhooks", {**HOOK, **changes}).json
    return made


def stored(api: ApiClient, webhook_id: str, **changes: Any) -> str:
    """The path of a stored delivery of that webhook."""
    delivery = a_delivery(
        **{"id": f"dlv_{webhook_id}", "tenant": api.tenant, "webhook_id": webhook_id} | changes
    )
    api.cloud.deliveries.add(delivery)
    return f"/v1/deliveries/{delivery.id}"


def test_a_receiver_takes_the_request_as_if_penstock_had_sent_it(api: ApiClient) -> None:
    """It is signed at the moment when it is asked for, so that it is not too old to be taken."""
    hook = a_hook(api)
    path = stored(api, hook["id"])

    request = api.get(f"{path}/request").json

    verified = Receiver(hook["secret"]).verify(body=request["body"], headers=request["headers"])
    assert f"dlv_{hook['id']}" == verified.id
    assert "application/json" == request["headers"]["content-type"]
    assert "only the endpoint sees this" not in str(request)


def test_asking_for_the_request_changes_nothing(api: ApiClient) -> None:
    """It is no attempt: the delivery is retried and recorded as if nobody had asked."""
    path = stored(api, a_hook(api)["id"])
    before = api.get(path).json

    api.get(f"{path}/request")

    assert before == api.get(path).json


@pytest.mark.parametrize("form", ["klaviyo", "cloudevents"])
def test_the_request_has_the_format_of_its_webhook(api: ApiClient, form: str) -> None:
    """What a developer's machine gets is what the endpoint will get."""
    path = stored(api, a_hook(api, format=form)["id"])

    request = api.get(f"{path}/request").json

    names = {name.lower() for name in request["headers"]}
    assert ("klaviyo-signature" in names) is (form == "klaviyo")
    assert ("application/cloudevents+json" in str(request)) is (form == "cloudevents")


def test_what_cannot_be_sent_has_no_request(api: ApiClient) -> None:
    """Each reason has a code of its own."""
    hook, gone = a_hook(api)["id"], a_hook(api)["id"]
    unmade = stored(api, hook, body="", status=Status.DEAD, due_at_ms=None)
    orphan = stored(api, gone)
    api.call("DELETE", f"/v1/webhooks/{gone}")

    answers = [api.get(f"{path}/request") for path in (unmade, orphan, "/v1/deliveries/dlv_none")]

    assert [
        (409, "nothing_to_send"),
        (404, "webhook_not_found"),
        (404, "delivery_not_found"),
    ] == [(answer.status, answer.json["code"]) for answer in answers]
    assert "delivery_not_found" == api.newcomer().get(f"{orphan}/request").json["code"]
