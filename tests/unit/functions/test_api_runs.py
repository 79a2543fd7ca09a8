"""/v1/runs: listed by what one looks for, page by page, and shown with all that is on record."""

from collections.abc import Iterator
from typing import Any

import pytest

from runtime.core import cursor as cursors
from runtime.core import ids
from runtime.core.functions.run import Outcome, Run
from tests.api_client import ApiClient
from tests.builders import NOW_MS, a_run, an_envelope


def at(second: int) -> str:
    """A time of the listings here."""
    return f"2026-11-20T13:04:{second:02}.000Z"


def stored(api: ApiClient, number: int, *, function: str = "vip", **changes: Any) -> Run:
    """Store the run of event `evt_<number>` through a function, which ended in that second."""
    event = changes.pop("event_id", f"evt_{number}")
    run = a_run(
        id=ids.run_id(api.tenant, event, changes.get("webhook_id") or function),
        tenant=api.tenant,
        function=function,
        event_id=event,
        created_at=at(number),
        **changes,
    )
    api.cloud.runs.commit(run)
    return run


@pytest.fixture
def two(api: ApiClient) -> ApiClient:
    """A tenant with two functions."""
    for name in ("vip", "crm"):
        assert 201 == api.post("/v1/functions", {"name": name}).status
    return api


def pages(api: ApiClient, path: str = "/v1/runs", **query: Any) -> Iterator[list[str]]:
    """The events of the runs on each page of a listing, to its end."""
    cursor: dict[str, str] = {}
    while True:
        answer = api.get(path, **query, **cursor)
        assert 200 == answer.status, answer.text
        yield [run["event_id"] for run in answer.json["data"]]
        if answer.json["next_cursor"] is None:
            return
        cursor = {"cursor": answer.json["next_cursor"]}


def listed(api: ApiClient, path: str = "/v1/runs", **query: Any) -> list[str]:
    """The events of the runs of a listing."""
    return [each for page in pages(api, path, limit=2, **query) for each in page]


def test_the_runs_of_all_functions_are_one_list(two: ApiClient) -> None:
    """Newest first across functions, each once, however the pages fall."""
    for number in range(9):
        stored(two, number, function="crm" if number in (1, 2, 3, 7) else "vip")
    every = [f"evt_{number}" for number in reversed(range(9))]

    for limit in (1, 2, 3, 4, 50):
        found = list(pages(two, limit=limit))
        assert every == [each for page in found for each in page]
        assert max(map(len, found)) <= limit


def test_each_filter_holds_across_functions_and_for_one(two: ApiClient) -> None:
    """What one filters by when something went wrong."""
    stored(two, 0, version=2)
    stored(two, 1, function="crm", outcome=Outcome.RAISED, profile_id="prf_1")
    stored(two, 2, outcome=Outcome.TIMED_OUT, profile_id="prf_1", version=2)
    stored(two, 3, topic="metric.x")
    waiting = {"outcome": Outcome.RETRY, "due_at_ms": NOW_MS, "event": an_envelope()}
    stored(two, 4, function="crm", **waiting)

    assert ["evt_2", "evt_1"] == listed(two, outcome="failed")
    assert ["evt_1"] == listed(two, outcome="raised")
    assert ["evt_4"] == listed(two, outcome="retry")
    assert ["evt_2", "evt_0"] == listed(two, version=2)
    assert ["evt_3"] == listed(two, topic="metric.x")
    assert ["evt_2", "evt_1"] == listed(two, profile="prf_1")
    assert ["evt_1"] == listed(two, profile="prf_1", function="crm")
    assert ["evt_3", "evt_2"] == listed(two, since=at(2), until=at(3))
    assert ["evt_2"] == listed(two, "/v1/functions/vip/runs", outcome="failed")
    assert ["evt_2"] == listed(two, function="vip", outcome="failed")
    assert [] == listed(two, function="gone")


def test_the_runs_of_an_event_are_found_by_their_ids(two: ApiClient) -> None:
    """Of triggers and of transforms; no index holds them."""
    webhook = two.post(
        "/v1/webhooks",
        {"name": "w", "url": "https://a.example.com/", "topics": ["metric.x"], "transform": "crm"},
    ).json["id"]
    stored(two, 1, event_id="evt_x")
    stored(two, 2, event_id="evt_x", function="crm", outcome=Outcome.RAISED)
    stored(two, 3, event_id="evt_x", function="crm", webhook_id=webhook)
    stored(two, 4)

    def shown(**query: Any) -> list[str]:
        rows = two.get("/v1/runs", event="evt_x", **query).json["data"]
        return [run["created_at"] for run in rows]

    assert [at(3), at(2), at(1)] == shown()
    assert [at(3), at(2)] == shown(function="crm")
    assert [at(2)] == shown(outcome="failed")
    assert ["evt_x"] * 3 == listed(two, event="evt_x")
    assert [] == two.newcomer().get("/v1/runs", event="evt_x").json["data"]


def test_a_run_shows_all_that_is_on_record(two: ApiClient) -> None:
    """What ran, on what, and what it did."""
    call = {"method": "GET", "host": "a.example.com", "path": "/x", "status": 200, "error": None}
    effect = {"op": "emit", "topic": "metric.x", "properties": {}}
    run = stored(
        two,
        1,
        http_calls=({**call, "ms": 12.5},),
        effects=(effect,),
        memory_mb=3.5,
        source_sha256="ab" * 32,
        environment_version=2,
        secret_versions={"TOKEN": 3},
        canary_id="can_1",
        profile_id="prf_1",
    )

    shown = two.get(f"/v1/runs/{run.id}").json

    assert shown == two.get(f"/v1/functions/vip/runs/{run.id}").json
    expected = {
        "http": [{**call, "ms": 12.5}],
        "effects": [effect],
        "memory_mb": 3.5,
        "source_sha256": "ab" * 32,
        "environment_version": 2,
        "secret_versions": {"TOKEN": 3},
        "canary": "can_1",
        "profile_id": "prf_1",
        "due_at_ms": None,
    }
    assert expected == {name: shown[name] for name in expected}


def test_a_run_of_another_tenant_or_function_is_not_there(two: ApiClient) -> None:
    """Nobody learns that it exists."""
    run = stored(two, 1)

    for path, api in (
        (f"/v1/runs/{run.id}", two.newcomer()),
        (f"/v1/functions/crm/runs/{run.id}", two),
        ("/v1/runs/run_none", two),
    ):
        answer = api.get(path)
        assert (404, "run_not_found") == (answer.status, answer.json["code"])


def test_a_cursor_goes_on_in_its_own_listing_only(two: ApiClient) -> None:
    """Of another filter, function or tenant it would skip what nobody has seen."""
    for number in range(3):
        stored(two, number)
    cursor = two.get("/v1/runs", limit=1).json["next_cursor"]

    for answer in (
        two.get("/v1/runs", outcome="failed", cursor=cursor),
        two.get("/v1/runs", version=0, cursor=cursor),
        two.get("/v1/functions/vip/runs", cursor=cursor),
        two.newcomer().get("/v1/runs", cursor=cursor),
        two.get("/v1/runs", event="evt_1", cursor=cursor),
    ):
        assert (400, "bad_cursor") == (answer.status, answer.json["code"]), answer.text


@pytest.mark.parametrize(
    "query",
    [
        {"outcome": "lost"},
        {"outcome": ""},
        {"version": "x"},
        {"version": -1},
        {"version": 10**40},
        {"since": "yesterday"},
        {"until": "2026-13-01T00:00:00Z"},
        {"event": ""},
        {"profile": ""},
        {"function": "Not A Name"},
        {"topic": ""},
        {"limit": 0},
        {"cursor": "x"},
        {"unknown": 1},
    ],
)
def test_a_query_that_nobody_can_mean_is_refused_with_its_field(
    api: ApiClient, query: dict[str, Any]
) -> None:
    """A filter that is ignored would show runs that nobody asked for."""
    answer = api.get("/v1/runs", **query)

    assert 400 <= answer.status < 500
    assert next(iter(query)) in answer.text


def test_a_tenant_without_functions_has_no_runs(api: ApiClient) -> None:
    """There is no list to join, and that is no fault."""
    assert {"data": [], "next_cursor": None} == api.get("/v1/runs").json


@pytest.mark.parametrize("position", ["", "f", "w", "x", "#", "fé#ü"])
def test_a_forged_cursor_only_skips(api: ApiClient, position: str) -> None:
    """Its checksum has no key: whoever reads the code can make one, for a place that is none."""
    selection = ("", "", "False", "", "evt_1", "", "", "", "")
    cursor = cursors.encode(position, listing=(api.tenant, "runs", *selection))

    assert 200 == api.get("/v1/runs", event="evt_1", cursor=cursor).status


def test_a_field_of_several_kinds_is_named_as_the_caller_knows_it(api: ApiClient) -> None:
    """And the way out names all that it may be."""
    refused = [
        api.get("/v1/runs", outcome="bogus").json,
        api.post("/v1/runs/run_1/retry", {"version": 0}).json,
    ]

    assert ["outcome", "version"] == [each["field"] for each in refused]
    assert [1, 1] == [len(each["errors"]) for each in refused]
    assert "'failed'" in refused[0]["detail"]
    assert "greater than or equal to 1" in refused[1]["detail"]
