"""Sending again over the API: who may, what is refused, what is shown."""

from typing import Any

import pytest

from runtime.core.deliveries.delivery import Status
from tests.api_client import ApiClient
from tests.builders import a_delivery

HOOK = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}


def a_hook(api: ApiClient) -> str:
    """The id of a new webhook."""
    made: dict[str, Any] = api.post("/v1/webhooks", HOOK).json
    return str(made["id"])


def a_dead_delivery(api: ApiClient, webhook_id: str, **changes: Any) -> str:
    """The path of a dead delivery of that webhook."""
    delivery = a_delivery(
        **{
            "id": f"dlv_{webhook_id}",
            "tenant": api.tenant,
            "webhook_id": webhook_id,
            "status": Status.DEAD,
            "due_at_ms": None,
        }
        | changes
    )
    api.cloud.deliveries.add(delivery)
    return f"/v1/deliveries/{delivery.id}"


def test_a_dead_delivery_is_sent_again_once(api: ApiClient) -> None:
    """The second click finds it due, and changes nothing."""
    path = a_dead_delivery(api, a_hook(api))

    first, second = api.post(f"{path}/retry"), api.post(f"{path}/retry")

    assert (202, "pending") == (first.status, first.json["status"])
    assert (202, first.json) == (second.status, second.json)
    assert 404 == api.newcomer().post(f"{path}/retry").status


def test_a_delivery_that_nobody_wants_is_not_sent_again(api: ApiClient) -> None:
    """It would only be skipped again."""
    hook = a_hook(api)
    path = a_dead_delivery(api, hook)
    api.post(f"/v1/webhooks/{hook}/disable")

    codes = [api.post(f"{path}/retry").json["code"]]
    codes += [api.post(f"/v1/webhooks/{hook}/replay").json["code"]]

    assert ["webhook_disabled", "webhook_disabled"] == codes


def test_a_replay_is_shown_listed_and_cancelled(api: ApiClient) -> None:
    """By its webhook, and to its tenant only."""
    hook = f"/v1/webhooks/{a_hook(api)}"

    made = api.post(f"{hook}/replay", {"since": "2026-11-20T00:00:00Z"})
    path = f"{hook}/replays/{made.json['id']}"

    assert (202, "running", ["dead", "skipped"]) == (
        made.status,
        made.json["state"],
        made.json["statuses"],
    )
    assert made.json == api.get(path).json
    assert [made.json] == api.get(f"{hook}/replays").json["data"]
    assert 404 == api.newcomer().get(path).status
    cancelled = [api.post(f"{path}/cancel").json for _ in range(2)]
    assert ["cancelled", "cancelled"] == [each["state"] for each in cancelled]
    assert cancelled[0] == api.get(path).json


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"statuses": []}, "bad_statuses"),
        ({"statuses": ["pending"]}, "bad_statuses"),
        ({"statuses": ["lost"]}, "bad_statuses"),
        ({"since": "yesterday"}, "bad_time"),
        ({"to": "whk_none"}, "bad_target"),
    ],
)
def test_a_replay_that_makes_no_sense_is_refused(
    api: ApiClient, body: dict[str, Any], code: str
) -> None:
    """Before anything is sent."""
    answer = api.post(f"/v1/webhooks/{a_hook(api)}/replay", body)

    assert (422, code) == (answer.status, answer.json["code"])
