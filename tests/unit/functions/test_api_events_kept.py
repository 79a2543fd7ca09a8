"""Events that are kept, over the API: each tenant sees its own, by id and by time."""

from urllib.parse import quote

import pytest

from runtime.core import cursor as cursors
from runtime.stores.tables import codec, keys
from tests.api_client import ApiClient
from tests.builders import an_event

AT = "2026-11-20T13:04:{:02}.000Z"


def keep(api: ApiClient, *numbers: int, topic: str = "metric.x") -> None:
    """Keep events of the caller's tenant, one for each second."""
    api.cloud.events.put(
        an_event(id=f"evt_{n}", tenant=api.tenant, topic=topic, received_at=AT.format(n))
        for n in numbers
    )


def listed(api: ApiClient, **query: object) -> list[str]:
    """The ids of a whole listing, page by page."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get("/v1/events", **query, **cursor)
        assert 200 == page.status, page.text
        found += [event["id"] for event in page.json["data"]]
        if page.json["next_cursor"] is None:
            return found
        cursor = {"cursor": page.json["next_cursor"]}


def test_an_event_is_shown_as_it_came(api: ApiClient) -> None:
    """Whoever traces an event sees first what it said."""
    event = an_event(tenant=api.tenant, properties={"big": 2**53 + 1, "list": [1.5, None]})
    api.cloud.events.put([event])

    answer = api.get(f"/v1/events/{event.id}")

    assert 200 == answer.status
    assert event.to_json() == {**answer.json, "tenant": api.tenant}


@pytest.mark.parametrize("event_id", ["a/b", "a#b?c=d", "100%", "..", "{x}", "a+b&c", "~" * 128])
def test_an_event_is_found_whatever_its_id(api: ApiClient, event_id: str) -> None:
    """Producers name their events themselves."""
    api.cloud.events.put([an_event(tenant=api.tenant, id=event_id)])

    encoded = api.get(f"/v1/events/{quote(event_id, safe='')}")

    assert (200, event_id) == (encoded.status, encoded.json["id"])


@pytest.mark.parametrize("event_id", ["evt_unknown", "é", "a b", "\0", "x\ny", "🙂" * 100])
def test_an_event_that_is_not_kept_is_not_found(api: ApiClient, event_id: str) -> None:
    """The error says why that may be, for an id that no event can have too."""
    answer = api.get(f"/v1/events/{quote(event_id, safe='')}")

    assert (404, "event_not_found") == (answer.status, answer.json["code"])
    assert "retention" in answer.json["detail"]


def test_an_id_that_is_too_long_is_refused(api: ApiClient) -> None:
    """It would be no key of a table."""
    answer = api.get(f"/v1/events/{'x' * 129}")

    assert (422, "bad_field", "event_id") == (
        answer.status,
        answer.json["code"],
        answer.json["field"],
    )


def test_events_are_listed_the_newest_first_by_topic_and_time(api: ApiClient) -> None:
    """Page by page, with both times included."""
    keep(api, *range(0, 30, 2), topic="metric.x")
    keep(api, *range(1, 30, 2), topic="metric.y")

    everything = [f"evt_{n}" for n in range(29, -1, -1)]
    assert sorted(everything) == sorted(listed(api, limit=4))
    assert everything == listed(api, limit=200)
    assert ["evt_9", "evt_7", "evt_5"] == listed(
        api, topic="metric.y", since=AT.format(5), until=AT.format(9), limit=2
    )
    assert ["evt_9"] == listed(api, since="2026-11-20T14:04:09+01:00", until=AT.format(9))


def test_a_tenant_sees_no_event_of_another(api: ApiClient) -> None:
    """Neither by id, nor in a list, nor by the other's cursor."""
    keep(api, 1, 2)
    stranger = api.newcomer()
    cursor = api.get("/v1/events", limit=1).json["next_cursor"]

    assert 404 == stranger.get("/v1/events/evt_1").status
    assert [] == listed(stranger)
    assert "bad_cursor" == stranger.get("/v1/events", cursor=cursor).json["code"]


def test_a_key_without_the_scope_sees_no_event(api: ApiClient) -> None:
    """Events have personal data."""
    keep(api, 1)
    reader = api.with_scopes("webhooks:read", "deliveries:read")

    assert [403, 403] == [reader.get(path).status for path in ("/v1/events/evt_1", "/v1/events")]


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"topic": "Metric.X"}, "bad_topic", "topic"),
        ({"topic": "metric.*"}, "bad_topic", "topic"),
        ({"topic": ""}, "bad_topic", "topic"),
        ({"since": "yesterday"}, "bad_time", "since"),
        ({"until": "2026-11-20"}, "bad_time", "until"),
        ({"until": "2026-11-20T13:04:05"}, "bad_time", "until"),
        ({"limit": "0"}, "bad_field", "limit"),
        ({"limit": "201"}, "bad_field", "limit"),
        ({"cursor": "x"}, "bad_cursor", "cursor"),
        ({"cursor": "é" * 3000}, "bad_cursor", "cursor"),
        ({"colour": "red"}, "unknown_field", "colour"),
    ],
)
def test_a_wrong_question_is_answered_with_its_field(
    api: ApiClient, query: dict[str, str], code: str, field: str
) -> None:
    """An empty list would say that nothing happened."""
    answer = api.get("/v1/events", **query)

    status = 400 if code == "bad_cursor" else 422
    assert (status, code, field) == (answer.status, answer.json["code"], answer.json["field"])


def test_a_forged_cursor_only_skips(api: ApiClient) -> None:
    """Its checksum has no key: whoever reads the code can make one, for a place that is none."""
    store = api.application.events.store
    store.put([an_event(tenant=api.tenant)])
    (page,) = store.table.query(
        {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": codec.key({":pk": keys.event_log(api.tenant)}),
        }
    )
    position = f"{page['sk']['S']}#first"
    cursor = cursors.encode(position, listing=(api.tenant, "events", "", "", ""))

    assert 200 == api.get("/v1/events", cursor=cursor).status
