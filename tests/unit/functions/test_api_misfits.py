"""What does not fit: 422 with every wrong field at once, each by its JSON pointer."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from functions._misfits import BadRequest, Misfit, misfits
from runtime.errors import BadInput
from tests.api_client import Answer, ApiClient

HOOK = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}


def found(answer: Answer) -> set[tuple[str, str]]:
    """The pointers and codes of an answer's errors."""
    assert 422 == answer.status, answer.text
    return {(each["pointer"], each["code"]) for each in answer.json["errors"]}


def test_every_wrong_field_is_named_at_once(api: ApiClient) -> None:
    """Whoever has to mend ten fields should not have to send ten requests."""
    answer = api.post(
        "/v1/webhooks",
        {
            "name": "",
            "url": 7,
            "topics": ["nonsense"],
            "filter": {"properties": {"value": "not a list"}},
            "timeout_s": 99,
            "retry_schedule_s": [0],
            "rate_limit": {"count": 0, "per": "year"},
            "max_concurrency": 0,
            "auth": {"kind": "bearer", "token": "two words"},
            "headers": {"host": "x"},
            "colour": "red",
        },
    )

    assert {
        ("/name", "bad_name"),
        ("/url", "bad_field"),
        ("/topics", "unknown_topic"),
        ("/filter/properties/value", "bad_filter"),
        ("/timeout_s", "bad_timeout"),
        ("/retry_schedule_s", "bad_schedule"),
        ("/rate_limit/count", "bad_rate_limit"),
        ("/rate_limit/per", "bad_field"),
        ("/max_concurrency", "bad_max_concurrency"),
        ("/auth/token", "bad_auth"),
        ("/headers/host", "header_reserved"),
        ("/colour", "unknown_field"),
    } == found(answer)


def test_every_wrong_setting_of_a_function_is_named_at_once(api: ApiClient) -> None:
    """The same, of settings that stand in settings."""
    answer = api.post(
        "/v1/functions",
        {
            "name": "No",
            "triggers": [{"topics": ["metric.x"]}, {"topics": []}],
            "limits": {"wall_s": 99, "emits": -1},
            "retry": {"on": "always", "attempts": 0, "delays_s": []},
            "secrets": ["lower"],
            "http_hosts": ["a b"],
            "environment": {"1": "x"},
            "engine": "other",
        },
    )

    assert {
        ("/name", "bad_name"),
        ("/triggers/1/topics", "no_topics"),
        ("/limits/wall_s", "bad_limit"),
        ("/limits/emits", "bad_limit"),
        ("/retry/on", "bad_retry"),
        ("/retry/attempts", "bad_retry"),
        ("/retry/delays_s", "bad_retry"),
        ("/secrets", "bad_secret_name"),
        ("/http_hosts", "bad_host"),
        ("/environment", "bad_environment_name"),
        ("/engine", "bad_engine"),
    } == found(answer)


def test_every_wrong_parameter_of_a_query_is_named_at_once(api: ApiClient) -> None:
    """A query is judged like a body; its pointers have one step."""
    answer = api.get("/v1/deliveries", limit=0, since="yesterday", status="lost", page=2)

    assert {
        ("/limit", "bad_field"),
        ("/since", "bad_time"),
        ("/status", "bad_field"),
        ("/page", "unknown_field"),
    } == found(answer)


def test_the_first_error_is_that_of_the_problem_itself(api: ApiClient) -> None:
    """Clients that read `code` and `field` alone are told the same as those that read `errors`."""
    problem = api.post("/v1/webhooks", HOOK | {"timeout_s": 0, "name": ""}).json

    first = problem["errors"][0]
    assert (problem["code"], problem["field"]) == (first["code"], first["field"])
    assert problem["detail"] == first["message"]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"topic": "No"}, {("/topic", "bad_topic")}),
        (
            {"events": [{"topic": "metric.x", "profile": {"id": 1}}, {"topic": "No"}]},
            {("/events/0/profile/id", "bad_profile"), ("/events/1/topic", "bad_topic")},
        ),
        ({"events": 1}, {("/events", "bad_field")}),
        ([], {("", "not_an_object")}),
    ],
)
def test_events_that_are_all_rejected_are_named_by_their_place_in_the_body(
    api: ApiClient, body: object, pointers: set[tuple[str, str]]
) -> None:
    """One event that stands alone, and each of a list."""
    assert pointers == found(api.post("/v1/events", body))


def test_a_rule_that_needs_more_than_the_request_names_its_field_too(api: ApiClient) -> None:
    """Whether a function exists is known only once all else fits."""
    answer = api.post("/v1/webhooks", HOOK | {"transform": "nowhere"})

    assert {("/transform", "unknown_function")} == found(answer)


@pytest.mark.parametrize(
    ("body", "code"), [("{", "not_json"), ("", "missing_body"), ("\ud800", "not_json")]
)
def test_a_request_that_cannot_be_read_is_no_misfit(api: ApiClient, body: str, code: str) -> None:
    """400 says: there is no value yet that could be pointed to."""
    answer = api.call("POST", "/v1/webhooks", body)

    assert (400, code) == (answer.status, answer.json["code"])
    assert "errors" not in answer.json


def test_what_is_stored_is_shown_whatever_the_rules_are_by_now(api: ApiClient) -> None:
    """A rule that grew stricter must not hide the settings that it would refuse today."""
    api.post("/v1/functions", {"name": "f"})
    table = api.cloud.config.table
    table.client.update_item(
        TableName=table.name,
        Key={"pk": {"S": f"tenant#{api.tenant}"}, "sk": {"S": "function#f"}},
        UpdateExpression="SET limits = :limits",
        ExpressionAttributeValues={":limits": {"S": '{"wall_s": 900}'}},
    )

    assert 900 == api.get("/v1/functions/f").json["limits"]["wall_s"]


def test_a_pointer_escapes_what_rfc_6901_has_escaped() -> None:
    """A key may have slashes and tildes of its own."""
    [misfit] = BadRequest([Misfit(place=("a/b", 0, "m~n"), code="bad_field", message="no")]).misfits

    assert ("/a~1b/0/m~0n", "a/b[0].m~n") == (misfit.pointer, misfit.field)


@pytest.mark.parametrize(
    ("field", "place"),
    [("", ()), ("name", ("name",)), ("triggers[2].topics", ("triggers", 2, "topics"))],
)
def test_the_cores_name_of_a_field_is_read_as_a_place(field: str, place: tuple[Any, ...]) -> None:
    """The core knows no requests; its errors write places as people do."""
    [misfit] = misfits(BadInput("no", field=field, code="bad_field"))

    assert place == misfit.place


# A caller's own keys, with all that a path as people write it cannot tell from its steps.
KEYS: Final = st.lists(st.text('ab.[]~/0 "é', max_size=6), min_size=1, max_size=3)
TOO_LARGE: Final = 1 << 70


@given(keys=KEYS)
@example(keys=["a.b", "c[0]"])
@example(keys=["[0]"])
@example(keys=["~1", "/"])
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_pointer_leads_to_the_wrong_value_whatever_the_keys_on_the_way_are(
    api: ApiClient, keys: list[str]
) -> None:
    """A form marks the field that the pointer names; a key may have dots and brackets."""
    for path, body, wrong in (
        ("/v1/events", {"topic": "metric.x", "properties": nested(keys, TOO_LARGE)}, TOO_LARGE),
        (
            "/v1/events",
            {"events": [{"topic": "metric.x", "properties": nested(keys, [TOO_LARGE])}]},
            TOO_LARGE,
        ),
        ("/v1/webhooks", HOOK | {"filter": {"properties": nested(keys, "no")}}, "no"),
        ("/v1/webhooks", HOOK | {"filter": {"properties": nested(keys, [{"no": 1}])}}, {"no": 1}),
        ("/v1/webhooks", HOOK | {"headers": {"x-a": "b", f"x{keys[0]}": "\n"}}, "\n"),
        ("/v1/webhooks", HOOK | {keys[0] + "?": "no"}, "no"),
    ):
        [misfit] = api.post(path, body).json["errors"]
        found = resolved(misfit["pointer"], body)
        assert found == wrong or misfit["pointer"] == "/headers", (misfit, body)


def nested(keys: list[str], value: object) -> Mapping[str, Any]:
    """An object in which the keys lead to the value."""
    for key in reversed(keys):
        value = {key: value}
    assert isinstance(value, dict)
    return value


def resolved(pointer: str, document: Any) -> Any:
    """What a pointer leads to, as RFC 6901 says."""
    document = json.loads(json.dumps(document))
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        document = document[int(name) if isinstance(document, list) else name]
    return document


def test_a_number_that_is_whole_is_an_integer_however_it_is_written(api: ApiClient) -> None:
    """To JSON and its schemas 5.0 is 5, and some languages know no other way to write it."""
    made = api.call("POST", "/v1/webhooks", json.dumps(HOOK | {"timeout_s": 5}).replace("5", "5.0"))
    assert (201, 5) == (made.status, made.json["timeout_s"])

    assert {("/timeout_s", "bad_field")} == found(
        api.post("/v1/webhooks", HOOK | {"timeout_s": 5.5})
    )


@pytest.mark.parametrize(
    ("name", "is_good"),
    [
        *(
            (good, True)
            for good in ("orders", "a b", "é", "名", "👩\u200d🚀", "\u06cc\u200c\u062e")
        ),
        *(
            (bad, False)
            for bad in ("", "a\nb", "\x85", "a\xa0b", "\u200b", "\u202ea", "\ue000", "\ufeff")
        ),
    ],
)
def test_a_name_is_what_people_can_read(api: ApiClient, name: str, *, is_good: bool) -> None:
    """The document's pattern says the same, as the tests of constraints see to."""
    assert (201 if is_good else 422) == api.post("/v1/webhooks", HOOK | {"name": name}).status
