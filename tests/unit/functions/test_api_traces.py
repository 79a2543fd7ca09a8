"""The trace of an event over the API: who took it, who did not and why, and what came of it."""

from typing import Any
from urllib.parse import quote

import pytest

from runtime.core import ids
from runtime.core.deliveries.delivery import Status
from runtime.core.functions.run import Outcome
from tests.api_client import ApiClient
from tests.builders import a_delivery, a_run, an_attempt, an_event

ERROR = {"type": "KeyError", "message": "'x'", "traceback": 'File "function.py", line 2'}


def kept(api: ApiClient, event_id: str = "evt_1") -> str:
    """Keep an order of 20; returns the path of its trace."""
    event = an_event(id=event_id, tenant=api.tenant, topic="metric.x", properties={"value": 20})
    api.cloud.events.put([event])
    return f"/v1/traces/{quote(event_id, safe='')}"


def a_hook(api: ApiClient, name: str = "n", **changes: Any) -> str:
    """The id of a new webhook."""
    body = {"name": name, "url": "https://hooks.example.com/", "topics": ["metric.x"], **changes}
    made = api.post("/v1/webhooks", body)
    assert 201 == made.status, made.text
    return str(made.json["id"])


def a_function(api: ApiClient, name: str, **changes: Any) -> None:
    """A new function."""
    assert 201 == api.post("/v1/functions", {"name": name, **changes}).status


def traced(api: ApiClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """A whole trace, page by page."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get(path, **query, **cursor)
        assert 200 == page.status, page.text
        found += page.json["data"]
        if page.json["next_cursor"] is None:
            return found
        cursor = {"cursor": page.json["next_cursor"]}


def test_a_trace_says_of_each_subscriber_why_it_took_the_event_or_not(api: ApiClient) -> None:
    """Who misses an event asks this first."""
    path = kept(api)
    large = {"properties": {"value": [{"numeric": [">", 100]}]}}
    a_function(api, "plain")
    a_function(api, "vip", topics=["metric.x"], filter=large)
    a_hook(api, "all")
    a_hook(api, "other", topics=["metric.y"])

    by_name = {each["name"]: each for each in traced(api, path)}

    assert {"plain": "no_trigger", "vip": "filtered", "all": "matched", "other": "other_topic"} == {
        name: each["verdict"] for name, each in by_name.items()
    }
    assert by_name["vip"]["refusals"] == [
        {
            "trigger": 0,
            "at": "filter.properties.value",
            "place": "properties.value",
            "wanted": [{"numeric": [">", 100]}],
            "found": [20],
            "apart": False,
        }
    ]


def test_a_trace_shows_runs_and_deliveries_with_what_is_due(api: ApiClient) -> None:
    """A match is only the beginning; people want to know how it ended, or when it goes on."""
    path, hook = kept(api), a_hook(api)
    a_function(api, "vip", topics=["metric.x"])
    run_id = ids.run_id(api.tenant, "evt_1", "vip")
    delivery_id = ids.delivery_id(api.tenant, "evt_1", hook)
    api.cloud.runs.commit(
        a_run(
            id=run_id,
            tenant=api.tenant,
            function="vip",
            event_id="evt_1",
            outcome=Outcome.RAISED,
            error=ERROR,
        )
    )
    attempt = an_attempt(answer_excerpt="try later", status=503, error="status")
    waiting = a_delivery(
        id=delivery_id,
        tenant=api.tenant,
        webhook_id=hook,
        event_id="evt_1",
        attempts=(attempt,),
        due_at_ms=1_763_644_800_000,
    )
    api.cloud.deliveries.add(waiting)

    function, webhook = traced(api, path)

    assert (run_id, "raised", ERROR) == tuple(
        function["run"][name] for name in ("id", "outcome", "error")
    )
    assert (delivery_id, "pending", 1_763_644_800_000) == tuple(
        webhook["delivery"][name] for name in ("id", "status", "due_at_ms")
    )
    assert ["try later"] == [each["answer_excerpt"] for each in webhook["delivery"]["attempts"]]
    assert (None, None) == (function["delivery"], webhook["run"])


def test_a_trace_lists_what_functions_delivered_besides(api: ApiClient) -> None:
    """A receiver may get an event that its webhook does not subscribe to."""
    path, hook = kept(api), a_hook(api, topics=["metric.y"])
    sent = a_delivery(
        id=ids.delivery_id(api.tenant, "evt_1", hook, position=1),
        tenant=api.tenant,
        webhook_id=hook,
        event_id="evt_1",
        status=Status.DELIVERED,
        due_at_ms=None,
    )
    api.cloud.deliveries.add(sent)

    _, besides = traced(api, path)

    assert (hook, None, sent.id) == (besides["id"], besides["verdict"], besides["delivery"]["id"])


def test_a_subscriber_that_is_off_is_shown_as_off(api: ApiClient) -> None:
    """Its filter may fit as well as any, and yet nothing is sent."""
    path, hook = kept(api), a_hook(api)
    api.post(f"/v1/webhooks/{hook}/disable")
    a_function(api, "off", topics=["metric.x"])
    api.post("/v1/functions/off/disable")
    a_function(api, "gone", topics=["metric.x"])
    api.call("DELETE", "/v1/functions/gone")

    states = {
        each["name"]: (each["enabled"], each["disabled_reason"]) for each in traced(api, path)
    }

    assert {"off": (False, None), "gone": (False, "deleted"), "n": (False, "paused")} == states


def test_a_trace_comes_page_by_page_and_each_subscriber_once(api: ApiClient) -> None:
    """A tenant may have thousands of webhooks, and no answer may grow with them."""
    path = kept(api)
    hooks = [a_hook(api, f"n{number}") for number in range(3)]
    for name in ("a", "b"):
        a_function(api, name, topics=["metric.x"])

    for limit in (1, 2, 200):
        assert ["a", "b", *sorted(hooks)] == [each["id"] for each in traced(api, path, limit=limit)]
    cursor = api.get(path, limit=1).json["next_cursor"]
    assert 400 == api.get(kept(api, "evt_2"), cursor=cursor).status


@pytest.mark.parametrize("event_id", ["a/b", "a/trace", "a#b?c=d", ".."])
def test_an_event_is_traced_whatever_its_id(api: ApiClient, event_id: str) -> None:
    """Producers name their events themselves."""
    path = kept(api, event_id)
    hook = a_hook(api)

    for asked in (path, f"/v1/traces/{event_id}"):  # as a gateway hands it on, decoded or not
        assert [hook] == [each["id"] for each in traced(api, asked)]


def test_nobody_traces_an_event_of_another_tenant(api: ApiClient) -> None:
    """Not even to learn that it exists."""
    path = kept(api)

    foreign, unknown = api.newcomer().get(path), api.get("/v1/traces/evt_unknown")

    assert [(404, "event_not_found")] * 2 == [
        (each.status, each.json["code"]) for each in (foreign, unknown)
    ]
    assert 403 == api.with_scopes("deliveries:read").get(path).status
