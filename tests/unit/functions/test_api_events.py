"""Events over the API: each judged on its own, the tenant always the key's."""

import json

import pytest

from tests.api_client import Answer, ApiClient

DEEP = json.loads("[" * 70 + "]" * 70)


def test_one_event_or_many_is_accepted(api: ApiClient) -> None:
    """A script has one, a sync has a thousand."""
    one = api.post("/v1/events", {"topic": "metric.x", "id": "evt_1"})
    many = api.post("/v1/events", {"events": [{"topic": "metric.x"}, {"topic": "metric.x"}]})

    assert (202, [{"id": "evt_1"}]) == (one.status, one.json["accepted"])
    assert (202, 2) == (many.status, len({event["id"] for event in many.json["accepted"]}))


@pytest.mark.parametrize(
    ("event", "code", "field"),
    [
        ({}, "bad_topic", "topic"),
        ({"topic": "Not A Topic"}, "bad_topic", "topic"),
        ({"topic": "metric.x", "id": ""}, "bad_id", "id"),
        ({"topic": "metric.x", "id": "a b"}, "bad_id", "id"),
        ({"topic": "metric.x", "id": "x" * 129}, "bad_id", "id"),
        ({"topic": "metric.x", "occurred_at": "yesterday"}, "bad_time", "occurred_at"),
        ({"topic": "metric.x", "colour": "red"}, "unknown_field", "colour"),
        ({"topic": "metric.x", "profile": "ada"}, "bad_profile", "profile"),
        ({"topic": "metric.x", "profile": {"email": 7}}, "bad_profile", "profile.email"),
        ({"topic": "metric.x", "profile": {"name": "A"}}, "unknown_field", "profile.name"),
        ({"topic": "metric.x", "properties": []}, "bad_properties", "properties"),
        ({"topic": "metric.x", "properties": {"n": 10**22}}, "integer_too_large", "properties.n"),
        ({"topic": "metric.x", "properties": {"a": "x" * 262_144}}, "too_large", ""),
        ("not an object", "not_an_object", ""),
    ],
)
def test_a_bad_event_spoils_no_other(api: ApiClient, event: object, code: str, field: str) -> None:
    """The others go through, and the bad one is named by its place, code and field."""
    good = {"topic": "metric.x", "id": "evt_good"}

    answer = api.post("/v1/events", {"events": [event, good]})

    assert 202 == answer.status
    assert [{"id": "evt_good"}] == answer.json["accepted"]
    [no] = answer.json["rejected"]
    assert (0, code, field) == (no["index"], no["code"], no["field"])


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        ("", "missing_body", 400),
        ("{", "not_json", 400),
        ("[]", "not_an_object", 422),
        ('"x"', "not_an_object", 422),
        ('{"topic": "metric.x", "properties": {"a": NaN}}', "not_json", 400),
        ('{"topic": "metric.x", "properties": {"a": "\\ud800"}}', "lone_surrogate", 422),
        (json.dumps({"topic": "metric.x", "properties": {"a": DEEP}}), "too_deep", 422),
        ("[" * 100_000, "not_json", 400),
        (
            '{"topic": "metric.x", "properties": {"n": ' + "9" * 5000 + "}}",
            "integer_too_large",
            422,
        ),
        ('{"events": "many"}', "bad_field", 422),
    ],
)
def test_a_body_that_is_no_json_is_refused_as_a_whole(
    api: ApiClient, body: str, code: str, status: int
) -> None:
    """What cannot be told apart cannot be judged apart."""
    answer = api.call("POST", "/v1/events", body)

    assert (status, code) == (answer.status, answer.json["code"])


def test_a_request_whose_events_are_all_rejected_is_refused_with_every_reason(
    api: ApiClient,
) -> None:
    """202 would tell a sender who looks at the status alone that its events were taken."""
    one = api.post("/v1/events", {"topic": "Nope"})
    many = api.post("/v1/events", {"events": [{"topic": "Nope"}, {"topic": "metric.x", "id": ""}]})

    assert (422, "events_rejected") == (one.status, one.json["code"])
    assert [(0, "bad_topic", "topic")] == reasons(one)
    assert (422, "events_rejected") == (many.status, many.json["code"])
    assert [(0, "bad_topic", "topic"), (1, "bad_id", "id")] == reasons(many)
    assert "application/problem+json" == many.headers["Content-Type"]
    assert [] == [
        each
        for each in api.cloud.received("landed")
        if api.tenant == json.loads(each["Body"])["detail"]["tenant"]
    ]


def test_a_rejected_request_may_be_mended_under_the_same_idempotency_key(api: ApiClient) -> None:
    """Nothing was taken, so nothing is kept."""
    refused = api.post("/v1/events", {"topic": "Nope"}, idempotency_key="k1")
    mended = api.post("/v1/events", {"topic": "metric.x"}, idempotency_key="k1")

    assert (422, 202) == (refused.status, mended.status)


def test_no_events_are_no_rejected_events(api: ApiClient) -> None:
    """An empty batch is nothing to do, and nothing went wrong."""
    answer = api.post("/v1/events", {"events": []})

    assert (202, {"accepted": [], "rejected": []}) == (answer.status, answer.json)


def reasons(answer: Answer) -> list[tuple[int, str, str]]:
    """Place, code and field of each rejected event."""
    return [(no["index"], no["code"], no["field"]) for no in answer.json["rejected"]]


@pytest.mark.parametrize(
    ("occurred_at", "instant"),
    [
        ("2026-11-20T13:04:05z", "2026-11-20T13:04:05.000Z"),
        ("2026-06-30T23:59:60Z", "2026-07-01T00:00:00.000Z"),
    ],
)
def test_every_time_of_rfc_3339_is_taken(api: ApiClient, occurred_at: str, instant: str) -> None:
    """Producers write times by the RFC, and a leap second's events happened too."""
    api.post("/v1/events", {"topic": "metric.x", "occurred_at": occurred_at})

    landed = [json.loads(each["Body"])["detail"] for each in api.cloud.received("landed")]
    assert [instant] == [each["occurred_at"] for each in landed if each["tenant"] == api.tenant]


def test_two_events_of_one_id_in_one_request_are_both_accepted_under_it(api: ApiClient) -> None:
    """A repeat is no fault: the id makes it the same event wherever it ends."""
    twice = {"topic": "metric.x", "id": f"evt_{api.tenant}"}

    answer = api.post("/v1/events", {"events": [twice, twice]})

    assert (202, []) == (answer.status, answer.json["rejected"])
    assert [{"id": twice["id"]}] * 2 == answer.json["accepted"]
    landed = [json.loads(each["Body"])["detail"] for each in api.cloud.received("landed")]
    assert {twice["id"]} == {each["id"] for each in landed if each["tenant"] == api.tenant}


def test_no_event_names_its_own_tenant(api: ApiClient) -> None:
    """The tenant is the key's; an event that says otherwise is not quietly moved."""
    answer = api.post("/v1/events", {"topic": "metric.x", "tenant": "globex"})

    assert [] == answer.json["accepted"]
    [no] = answer.json["rejected"]
    assert ("reserved_field", "tenant") == (no["code"], no["field"])


def test_what_is_accepted_is_on_the_bus_as_the_keys_tenants(api: ApiClient) -> None:
    """202 is a promise; it must not be given before the bus has the event."""
    api.post("/v1/events", {"topic": "metric.x", "id": f"evt_{api.tenant}"})

    landed = [json.loads(each["Body"])["detail"] for each in api.cloud.received("landed")]
    [event] = [each for each in landed if each["tenant"] == api.tenant]
    assert (f"evt_{api.tenant}", "api", 0) == (event["id"], event["origin"], event["hops"])


def test_the_topics_are_listed_with_their_meaning(api: ApiClient) -> None:
    """What one may subscribe to should not have to be guessed."""
    topics = {each["topic"]: each["meaning"] for each in api.get("/v1/topics").json["data"]}

    assert "a link in an email was clicked" == topics["message.email.clicked"]
