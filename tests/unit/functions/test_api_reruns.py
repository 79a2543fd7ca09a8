"""Running again over the API: what is answered, what is refused, what is shown."""

from dataclasses import replace
from typing import Any

import pytest

from runtime.core import ids
from runtime.core.deliveries.delivery import Status
from runtime.core.functions.run import Outcome
from runtime.core.replays.replay import Kind, Subject
from tests.api_client import ApiClient
from tests.builders import a_delivery, a_function, a_run, a_version, a_webhook, an_event


def a_failed_run(api: ApiClient, **changes: Any) -> str:
    """The id of a failed run of a function with two versions, whose event is kept."""
    functions = api.application.functions.store
    function = a_function(tenant=api.tenant, latest_version=0, live_version=None)
    functions.add(function)
    for number in (1, 2):
        version = a_version(tenant=api.tenant, version=number, source_sha256=str(number) * 64)
        function = functions.add_version(function, version)
    api.post(f"/v1/functions/{function.name}/publish", {"version": 2})
    api.cloud.events.put([an_event(tenant=api.tenant)])
    run = a_run(id=f"run_{api.tenant}", tenant=api.tenant, outcome=Outcome.RAISED, **changes)
    api.cloud.runs.commit(run)
    return run.id


def test_a_failed_run_is_run_again_once(api: ApiClient) -> None:
    """The second click finds it under way; the hint names the event, and no version."""
    path = f"/v1/runs/{a_failed_run(api)}/retry"

    first, second = api.post(path), api.post(path)

    assert (202, "raised", 1) == (first.status, first.json["outcome"], first.json["attempt"])
    assert first.json["due_at_ms"] is not None
    assert (409, "run_pending") == (second.status, second.json["code"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"version": "newest"}, 422, "bad_version"),
        ({"version": 0}, 422, "bad_field"),
        ({"version": 7}, 404, "version_not_found"),
        ({"force": "yes"}, 422, "bad_field"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_by_its_field(
    api: ApiClient, body: dict[str, Any], status: int, code: str
) -> None:
    """And nothing is begun: the next wish is granted."""
    path = f"/v1/runs/{a_failed_run(api)}/retry"

    answer = api.post(path, body)

    assert (status, code) == (answer.status, answer.json["code"])
    assert 202 == api.post(path, {"version": "same"}).status


def test_another_functions_code_is_not_the_version_that_ran(api: ApiClient) -> None:
    """A function was removed for good, and its namesake counts its versions from 1 again."""
    path = f"/v1/runs/{a_failed_run(api, version=1, source_sha256='f' * 64)}/retry"

    answer = api.post(path, {"version": "same"})

    assert (409, "version_deleted") == (answer.status, answer.json["code"])
    assert "created anew" in answer.json["detail"]
    assert 202 == api.post(path, {"version": 1}).status


def test_a_run_whose_event_has_expired_says_what_to_do(api: ApiClient) -> None:
    """The event has to come again from where it came; its id stays the same."""
    run_id = a_failed_run(api, event_id="evt_long_ago")

    answer = api.post(f"/v1/runs/{run_id}/retry")

    assert (409, "event_expired") == (answer.status, answer.json["code"])
    assert "evt_long_ago" in answer.json["detail"]


def test_a_delivery_without_a_body_has_its_function_run_again(api: ApiClient) -> None:
    """It is dead until the run has ended."""
    hook = a_webhook(id=f"whk_{api.tenant}", tenant=api.tenant, transform="vip-orders")
    api.application.webhooks.store.add(hook)
    run_id = ids.run_id(api.tenant, "evt_1", hook.id)
    a_failed_run(api)
    api.cloud.runs.commit(
        a_run(id=run_id, tenant=api.tenant, outcome=Outcome.RAISED, webhook_id=hook.id)
    )
    delivery = a_delivery(
        id=ids.delivery_id(api.tenant, "evt_1", hook.id),
        tenant=api.tenant,
        webhook_id=hook.id,
        status=Status.DEAD,
        reason="function_raised",
        body="",
        attempts=(),
        due_at_ms=None,
    )
    api.cloud.deliveries.add(delivery)

    answer = api.post(f"/v1/deliveries/{delivery.id}/retry")

    assert (202, "dead", None) == (answer.status, answer.json["status"], answer.json["due_at_ms"])
    assert api.get(f"/v1/runs/{run_id}").json["due_at_ms"] is not None


def test_a_replay_of_runs_is_shown_listed_and_cancelled(api: ApiClient) -> None:
    """By its function, and to its tenant only."""
    a_failed_run(api)
    function = "/v1/functions/vip-orders"

    made = api.post(f"{function}/replay", {"since": "2026-11-20T00:00:00Z", "version": "same"})
    path = f"{function}/replays/{made.json['id']}"

    assert (202, "running", "same") == (made.status, made.json["state"], made.json["version"])
    assert sorted(each for each in Outcome if each.failed) == made.json["outcomes"]
    assert made.json == api.get(path).json
    assert [made.json] == api.get(f"{function}/replays").json["data"]
    assert 404 == api.newcomer().get(path).status
    cancelled = [api.post(f"{path}/cancel").json for _ in range(2)]
    assert ["cancelled", "cancelled"] == [each["state"] for each in cancelled]


def test_the_replays_of_an_earlier_function_of_the_name_are_not_listed(api: ApiClient) -> None:
    """It was removed for good."""
    a_failed_run(api)
    made = api.post("/v1/functions/vip-orders/replay").json["id"]
    replays, subject = api.application.functions.replays, Subject(Kind.RUNS, "vip-orders")
    job = replays.get(api.tenant, subject, made)
    replays.add(replace(job, id=f"{made}old", created_at="2026-11-19T00:00:00.000Z"))

    listed = api.get("/v1/functions/vip-orders/replays").json["data"]

    assert [made] == [each["id"] for each in listed]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"outcomes": []}, "bad_outcomes"),
        ({"outcomes": ["failed"]}, "bad_outcomes"),
        ({"version": "3"}, "bad_version"),
        ({"since": "yesterday"}, "bad_time"),
    ],
)
def test_a_replay_of_runs_that_makes_no_sense_is_refused(
    api: ApiClient, body: dict[str, Any], code: str
) -> None:
    """Before anything is run."""
    a_failed_run(api)

    answer = api.post("/v1/functions/vip-orders/replay", body)

    assert (422, code) == (answer.status, answer.json["code"])
