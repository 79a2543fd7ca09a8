"""What every endpoint does alike: pages, repeats, errors, and its own description."""

import base64
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions import api as api_function
from functions._api.endpoints import ENDPOINTS
from runtime.core import cursor
from runtime.errors import BadInput
from tests.api_client import Answer, ApiClient, a_url_event, environment
from tests.builders import a_delivery, a_webhook

HOOK = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}


@given(count=st.integers(0, 12), limit=st.integers(1, 7))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_pages_show_everything_exactly_once(
    installation: ApiClient, count: int, limit: int
) -> None:
    """Whoever walks a listing must be able to trust the sum."""
    api = installation.newcomer()
    made = {f"f{n}" for n in range(count)}
    for name in made:
        api.post("/v1/functions", {"name": name})
    installation.post("/v1/functions", {"name": "theirs"})

    names = [str(each["name"]) for each in walk(api, "/v1/functions", limit=limit)]

    assert sorted(made) == sorted(names)


def test_deliveries_are_paged_by_webhook_and_status(api: ApiClient) -> None:
    """A filter must not eat pages: three pending ones among many are three."""
    store = api.cloud.deliveries
    for n in range(9):
        status = {"status": "dead", "due_at_ms": None, "reason": "gone"} if n % 3 else {}
        at = f"2026-11-20T13:04:{n:02d}.000Z"
        store.add(a_delivery(id=f"dlv_{n}", tenant=api.tenant, created_at=at, **status))
    store.add(a_delivery(id="dlv_theirs", tenant="globex"))

    every = [each["id"] for each in walk(api, "/v1/deliveries", limit=2)]
    dead = walk(api, "/v1/deliveries", limit=2, webhook="whk_1", status="dead")
    none = api.get("/v1/deliveries", webhook="whk_2").json

    assert [f"dlv_{n}" for n in reversed(range(9))] == every
    assert 6 == len(dead)
    assert {"data": [], "next_cursor": None} == none
    assert 404 == api.get("/v1/deliveries/dlv_theirs").status
    assert 503 == api.get("/v1/deliveries/dlv_0").json["attempts"][0]["status"]


def test_deliveries_are_found_by_topic_event_and_time(api: ApiClient) -> None:
    """The questions of somebody whose receiver missed something."""
    store = api.cloud.deliveries
    for n in range(4):
        at = f"2026-11-20T13:04:{n:02d}.000Z"
        more = {"tenant": api.tenant, "event_id": f"evt_{n}", "topic": f"metric.t{n % 2}"}
        store.add(a_delivery(id=f"{api.tenant}_{n}", created_at=at, **more))

    def found(**query: str) -> list[int]:
        pages: list[Any] = list(walk(api, "/v1/deliveries", limit=3, **query))
        return [int(each["id"][-1]) for each in pages]

    assert [3, 1] == found(topic="metric.t1")
    assert [2] == found(event="evt_2")
    assert [2, 1] == found(since="2026-11-20T14:04:01+01:00", until="2026-11-20T13:04:02Z")
    assert [2, 1] == found(since="2026-11-20t13:04:01z", until="2026-11-20 13:04:02z")
    assert [] == found(since="2026-11-20T13:04:60Z")
    refused = api.get("/v1/deliveries", since="yesterday")
    assert (422, "bad_time") == (refused.status, refused.json["code"])


@given(position=st.text(max_size=50), listing=st.lists(st.text(max_size=9), max_size=3))
def test_a_cursor_leads_back_to_its_place(position: str, listing: list[str]) -> None:
    """Opaque to callers, exact to us."""
    of = tuple(listing)
    try:
        made = cursor.encode(position, listing=of)
    except UnicodeEncodeError:  # lone surrogates are in no key of ours
        return

    assert position == cursor.decode(made, listing=of)


@given(data=st.data())
def test_an_altered_cursor_is_refused(data: st.DataObject) -> None:
    """Cut, edited or guessed: an error beats a page from nowhere."""
    made = cursor.encode("whk_123", listing=("acme", "webhooks"))
    at = data.draw(st.integers(0, len(made) - 1))
    letter = data.draw(st.sampled_from("Ab0_-=!é"))
    altered = made[:at] + letter + made[at + 1 :]
    if altered == made:
        return

    with pytest.raises(BadInput) as refusal:
        cursor.decode(altered, listing=("acme", "webhooks"))
    assert "bad_cursor" == refusal.value.code


def test_a_cursor_of_another_listing_or_tenant_is_refused(api: ApiClient) -> None:
    """A place in one list means nothing in another."""
    for n in range(2):
        api.post("/v1/webhooks", HOOK | {"name": f"n{n}"})
    made = api.get("/v1/webhooks", limit=1).json["next_cursor"]

    assert 200 == api.get("/v1/webhooks", cursor=made).status
    for answer in (
        api.get("/v1/functions", cursor=made),
        api.get("/v1/deliveries", cursor=made),
        api.newcomer().get("/v1/webhooks", cursor=made),
        api.get("/v1/webhooks", cursor="garbage"),
    ):
        assert (400, "bad_cursor") == (answer.status, answer.json["code"])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"page": 2}, "page"),
    ],
)
def test_a_bad_query_is_refused_by_name(
    api: ApiClient, query: dict[str, object], field: str
) -> None:
    """A misspelt filter that is ignored shows everything."""
    answer = api.get("/v1/webhooks", **query)

    assert (422, field) == (answer.status, answer.json["field"])


def test_a_repeated_post_has_one_effect_and_the_same_answer(api: ApiClient) -> None:
    """A client that lost the answer gets it, the secret included, and no second webhook."""
    first = api.post("/v1/webhooks", HOOK, idempotency_key="k1")
    again = api.post("/v1/webhooks", HOOK, idempotency_key="k1")

    assert (201, 201) == (first.status, again.status)
    assert first.json == again.json
    assert "true" == again.headers["idempotent-replayed"]
    assert "idempotent-replayed" not in first.headers
    assert 1 == len(api.get("/v1/webhooks").json["data"])


def test_a_stored_answer_holds_no_secret_in_the_clear(api: ApiClient) -> None:
    """What repeats an answer must not become the place to steal keys from."""
    made = api.post("/v1/webhooks", HOOK, idempotency_key="k1").json
    config = api.application.webhooks.store.config.table
    stored = str(boto3.client("dynamodb").scan(TableName=config.name)["Items"])

    assert made["id"] in stored
    assert made["secret"] not in stored
    assert made["secret"].removeprefix("whsec_") not in stored


def test_a_key_used_for_another_request_is_refused(api: ApiClient) -> None:
    """Answering the second with the first one's result would lose it silently."""
    api.post("/v1/webhooks", HOOK, idempotency_key="k1")

    other = api.post("/v1/webhooks", HOOK | {"name": "other"}, idempotency_key="k1")

    assert (422, "idempotency_key_reused") == (other.status, other.json["code"])


def test_a_refused_request_may_be_mended_under_the_same_key(api: ApiClient) -> None:
    """Nothing has happened, so nothing is kept."""
    bad = api.post("/v1/webhooks", HOOK | {"url": "http://x"}, idempotency_key="k1")
    good = api.post("/v1/webhooks", HOOK, idempotency_key="k1")

    assert (422, 201) == (bad.status, good.status)


def test_two_tenants_may_use_the_same_key(api: ApiClient) -> None:
    """A key is a name inside one tenant."""
    other = api.newcomer()

    first = api.post("/v1/webhooks", HOOK, idempotency_key="k1")
    second = other.post("/v1/webhooks", HOOK, idempotency_key="k1")

    assert (201, 201) == (first.status, second.status)
    assert first.json["id"] != second.json["id"]


def test_a_key_with_fewer_scopes_never_gets_the_answer_of_a_key_with_more(api: ApiClient) -> None:
    """Who may make keys for keys alone would else be handed a key for everything."""
    body = {"name": "ci", "scopes": ["webhooks:read", "functions:read"]}
    keeper = api.with_scopes("keys:write")

    full = api.post("/v1/api-keys", body, idempotency_key="k1")
    handed = keeper.post("/v1/api-keys", body, idempotency_key="k1")

    assert 201 == full.status
    assert (403, "scope_not_held") == (handed.status, handed.json["code"])
    assert full.json == api.post("/v1/api-keys", body, idempotency_key="k1").json


def test_no_post_repeats_its_answer_to_another_api_key(api: ApiClient) -> None:
    """Two keys of one tenant are two callers, whatever they post and whatever they may."""
    peer = api.as_tenant(api.tenant)
    for path, body in (
        ("/v1/webhooks", HOOK),
        ("/v1/syncs", {"name": "n", "kind": "s3"}),
        ("/v1/events", {"topic": "metric.x"}),
    ):
        first = api.post(path, body, idempotency_key="k1")
        other = peer.post(path, body, idempotency_key="k1")

        assert "idempotent-replayed" not in other.headers
        assert first.json != other.json


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "é"])
def test_a_malformed_idempotency_key_is_refused(api: ApiClient, key: str) -> None:
    """An ignored key would be a promise not kept."""
    answer = api.post("/v1/webhooks", HOOK, idempotency_key=key)

    assert (400, "bad_idempotency_key") == (answer.status, answer.json["code"])


def test_an_unknown_path_is_a_problem_document(api: ApiClient) -> None:
    """Errors have one shape everywhere."""
    answer = api.get("/v1/nothing")

    assert (404, "no_such_path") == (answer.status, answer.json["code"])
    assert {"type", "title", "status", "code", "detail", "instance"} == set(answer.json)
    assert "request-1" == answer.json["instance"]


def test_a_defect_of_ours_shows_nothing_of_our_insides(api: ApiClient) -> None:
    """A traceback in an answer is a map for an attacker."""
    config = api.application.webhooks.store.config.table
    item = {
        "pk": {"S": f"tenant#{api.tenant}"},
        "sk": {"S": "webhook#broken"},
        "format": {"S": "?"},
    }
    config.client.put_item(TableName=config.name, Item=item)

    answer = api.get("/v1/webhooks/broken")

    assert (500, "internal") == (answer.status, answer.json["code"])
    assert "Error" not in answer.json["detail"]


def test_a_base64_body_is_read_like_a_plain_one(api: ApiClient) -> None:
    """A Function URL encodes whatever it does not take for text."""
    event = a_url_event("POST", "/v1/webhooks", headers={"Authorization": f"Bearer {api.key}"})
    body = base64.b64encode(json.dumps(HOOK).encode()).decode()

    answer = api_function.handler(event | {"body": body, "isBase64Encoded": True}, None)

    assert 201 == answer["statusCode"]


def test_the_template_gives_the_api_every_variable_it_needs(api: ApiClient) -> None:
    """A missing variable is not found by any test in process, and stops every call in the cloud."""
    template = (Path(__file__).parents[3] / "template.yaml").read_text(encoding="utf-8")
    resource = template.partition("  ApiFunction:\n")[2].partition("\nOutputs:")[0]

    # Tests run the sweep beside the API, with its variables.
    own = environment(api.cloud).keys() - api.cloud.watched_queues.keys()
    assert set() == {name for name in own if f"PENSTOCK_{name}:" not in resource}


def test_the_api_describes_itself(api: ApiClient) -> None:
    """Clients are generated from it, so every endpoint is in it, with its types."""
    document = api.with_key(None).get("/openapi.json").json

    described = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    assert {(each.method, each.path) for each in ENDPOINTS} == described
    names = [op["operationId"] for methods in document["paths"].values() for op in methods.values()]
    assert len(names) == len(set(names))
    assert references(document) <= set(document["components"]["schemas"])


def references(document: object) -> set[str]:
    """The schemas that are referred to."""
    if isinstance(document, dict):
        own = {document["$ref"].rpartition("/")[2]} if "$ref" in document else set()
        return own.union(*(references(each) for each in document.values()))
    if isinstance(document, list):
        return set().union(*(references(each) for each in document))
    return set()


def walk(api: ApiClient, path: str, *, limit: int, **query: object) -> list[dict[str, object]]:
    """A listing, page by page."""
    found: list[dict[str, object]] = []
    page: Answer = api.get(path, limit=limit, **query)
    while True:
        assert len(page.json["data"]) <= limit
        found += page.json["data"]
        if page.json["next_cursor"] is None:
            return found
        page = api.get(path, limit=limit, cursor=page.json["next_cursor"], **query)


def test_a_webhook_disabled_by_its_receiver_is_enabled_with_its_reason_gone(
    api: ApiClient,
) -> None:
    """A stale reason would send people looking for a fault that is mended."""
    store = api.application.webhooks.store
    store.add(a_webhook(tenant=api.tenant, enabled=False, disabled_reason="endpoint_gone"))

    changed = api.call("PATCH", "/v1/webhooks/whk_1", {"enabled": True}).json

    assert (True, None) == (changed["enabled"], changed["disabled_reason"])
