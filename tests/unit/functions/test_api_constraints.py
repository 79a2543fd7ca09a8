"""The OpenAPI document says what the code enforces: each value is judged alike by both."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import quote

import jsonschema
import pytest

from functions._api import openapi
from functions._api.endpoints import ENDPOINTS
from runtime.core.timestamps import moment
from tests.api_client import Answer, ApiClient

DOCUMENT: Final = openapi.document(ENDPOINTS, version="1")
REFUSED: Final = {400, 404, 422}
# Codes of refusals that are about the form of a value alone. Others are about what there is: a
# topic that nobody knows, a function that is not there, a filter that matches nothing.
FORMAL: Final = {
    *(
        "bad_field",
        "bad_name",
        "bad_auth",
        "bad_header",
        "bad_time",
        "bad_limit",
        "bad_timeout",
        "bad_overlap",
    ),
    *("bad_schedule", "bad_rate_limit", "bad_max_concurrency", "bad_statuses", "bad_engine"),
    *("bad_secret_name", "bad_environment_name", "bad_tenant", "bad_idempotency_key", "no_topics"),
    *("bad_host", "too_many_hosts", "too_many_secrets", "too_many_topics", "missing_scopes"),
    *("unknown_scope", "bad_id", "bad_topic", "bad_profile", "missing_field", "unknown_field"),
}
TEXTS: Final = (
    *("", "a", "A", "x1", "TOKEN", "orders", "a b", " a", "a ", "é", "🙂", "a\0b", "a\x85", "a:b"),
    *("metric.x", "*", "crm.example.com", "-", "_", "a" * 63, "a" * 64, "A" * 65, "a" * 128),
    *("a" * 129, "a" * 256, "a" * 257, "a" * 2049, "a" * 3073, "a" * 4097, "a" * 65537),
    *("2026-11-20T13:04:05Z", "2026-11-20", "yesterday", "wasm", "dead", "pending", "webhooks"),
)
NUMBERS: Final = (-1, 0, 1, 31, 32, 128, 129, 200, 201, 604_800, 604_801, 10_001, 1 << 40)
WEBHOOK: Final = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}
BASIC: Final = {"kind": "basic", "username": "ada", "password": "hunter2"}
OAUTH2: Final = {
    "kind": "oauth2",
    "token_url": "https://login.example.com/",
    "client_id": "us",
    "client_secret": "hush",
    "scope": None,
    "audience": None,
}
EVENT: Final = {
    "topic": "metric.x",
    "id": "e1",
    "occurred_at": "2026-11-20T13:04:05Z",
    "profile": {
        "id": "p",
        "email": "e",
        "phone": "1",
        "external_id": "x",
        "anonymous_id": "b",
        "names": {"card": "1"},
    },
}


@dataclass(frozen=True, kw_only=True)
class Body:
    """A valid body of an endpoint, and the path of the field in it that is varied."""

    method: str
    path: str
    body: Mapping[str, Any]
    at: tuple[str | int, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {'.'.join(map(str, self.at))}"

    def with_value(self, value: object) -> Any:
        """The body with another value in that place."""
        varied = json.loads(json.dumps(self.body))
        place = varied
        for step in self.at[:-1]:
            place = place[step]
        place[self.at[-1]] = value
        return varied


def bodies() -> Iterator[Body]:
    """Each field of each body that has a constraint, in a request that is valid otherwise."""
    named = {"name": "{new}"}
    hook = "/v1/webhooks/{webhook_id}"
    function = "/v1/functions/{name}"
    rate = {**WEBHOOK, "rate_limit": {"count": 1, "per": "second"}}
    limits = {"wall_s": 1, "memory_mb": 64, "emits": 1, "concurrent_runs": 1}
    yield from every("POST", "/v1/webhooks", WEBHOOK, "name", "topics", ("topics", 0))
    yield from every("POST", "/v1/webhooks", {**WEBHOOK, "timeout_s": 1}, "timeout_s")
    yield from every("POST", "/v1/webhooks", {**WEBHOOK, "max_concurrency": 1}, "max_concurrency")
    yield from every("POST", "/v1/webhooks", rate, ("rate_limit", "count"))
    yield from every("POST", "/v1/webhooks", {**WEBHOOK, "transform": None}, "transform")
    delays = {**WEBHOOK, "retry_schedule_s": [1]}
    yield from every("POST", "/v1/webhooks", delays, "retry_schedule_s", ("retry_schedule_s", 0))
    yield from every("PATCH", hook, {"name": "n", "timeout_s": 1}, "name", "timeout_s")
    yield from every("PATCH", hook, {"headers": {"x-a": "b"}}, ("headers", "x-a"))
    for login, *names in (
        (BASIC, "username", "password"),
        ({"kind": "bearer", "token": "t"}, "token"),
        (OAUTH2, "client_id", "client_secret", "scope", "audience"),
    ):
        yield from every("PATCH", hook, {"auth": login}, *(("auth", name) for name in names))
    yield from every("POST", f"{hook}/rotate-secret", {"overlap_s": 1}, "overlap_s")
    yield from every("POST", "/v1/functions", named, "name")
    settings = {
        "http_hosts": ["a.example.com"],
        "secrets": ["TOKEN"],
        "engine": None,
        "limits": limits,
        "environment": {"A": "b"},
    }
    yield from every(
        "PATCH",
        function,
        settings,
        *("http_hosts", "secrets", "engine", ("http_hosts", 0), ("secrets", 0)),
        *(("limits", name) for name in limits),
        ("environment", "A"),
    )
    yield from every("POST", f"{function}/publish", {"version": None}, "version")
    key = {"name": "n", "scopes": ["webhooks"]}
    yield from every("POST", "/v1/api-keys", key, "name", "scopes", ("scopes", 0))
    yield from every("POST", "/v1/tenants", {"id": "t"}, "id")
    yield from every("POST", "/v1/syncs", {"name": "n", "kind": "s3"}, "name")
    yield from every("PATCH", "/v1/syncs/{sync_id}", {"name": "n"}, "name")
    transform = {"name": "n", "sources": ["a"], "target": "b", "position": 1}
    yield from every(
        "PATCH", "/v1/transforms/{transform_id}", transform, *transform, ("sources", 0)
    )
    yield from every("POST", "/v1/events", EVENT, *EVENT)
    yield from every("POST", "/v1/events", EVENT, *(("profile", name) for name in EVENT["profile"]))


def replays() -> Iterator[Body]:
    """The same for the bodies that start replays."""
    wanted = {"since": None, "until": None, "topic": None}
    deliveries = {**wanted, "statuses": ["dead"], "to": None}
    path = "/v1/webhooks/{webhook_id}/replay"
    yield from every("POST", path, deliveries, *deliveries, ("statuses", 0))
    runs = {**wanted, "outcomes": ["raised"], "version": "live"}
    yield from every("POST", "/v1/functions/{name}/replay", runs, *runs, ("outcomes", 0))


def every(
    method: str, path: str, body: Mapping[str, Any], *fields: str | tuple[str | int, ...]
) -> Iterator[Body]:
    """One for each of these fields."""
    for each in fields:
        yield Body(
            method=method, path=path, body=body, at=each if isinstance(each, tuple) else (each,)
        )


def values_for(at: tuple[str | int, ...], body: Mapping[str, Any]) -> Iterator[object]:
    """Values of the kind that stands in this place, in and out of every bound there is."""
    place: Any = body
    for step in at:
        place = place[step]
    if isinstance(place, list):
        yield []
        yield from (place * n for n in (1, 20, 21, 50, 51, 100, 101))
    elif isinstance(place, int) and not isinstance(place, bool):
        yield from NUMBERS
    elif isinstance(place, str) or place is None:
        yield from TEXTS


@pytest.mark.parametrize("each", [*bodies(), *replays()], ids=str)
def test_every_field_of_a_body_is_judged_alike(api: ApiClient, each: Body) -> None:
    """A client that checks by the document must be neither stopped nor let down."""
    caller = api.with_scopes("admin")
    given = prepared(caller, each.path)
    schema = DOCUMENT["paths"][each.path][each.method.lower()]["requestBody"]["content"]
    judge = judged_by(schema["application/json"]["schema"])
    for n, value in enumerate(values_for(each.at, each.body)):
        body = each.with_value(value)
        if body.get("name") == "{new}":
            body["name"] = f"f{n}"
        answer = caller.call(each.method, each.path.format(**given), body)
        agree(answer, fits=judge.is_valid(body), what=f"{each}: {value!r:.80}")


QUERIES: Final = [
    (each, parameter)
    for each in ENDPOINTS
    if each.query
    for parameter in DOCUMENT["paths"][each.path][each.method.lower()]["parameters"]
    if parameter["in"] == "query"
]


@pytest.mark.parametrize(
    ("each", "parameter"), QUERIES, ids=lambda x: x["name"] if isinstance(x, dict) else x.path
)
def test_every_parameter_of_a_query_is_judged_alike(
    api: ApiClient, each: Any, parameter: Mapping[str, Any]
) -> None:
    """Cursors, limits, ids and times."""
    given = prepared(api, each.path)
    judge = judged_by(parameter["schema"])
    is_number = parameter["schema"].get("type") == "integer"
    for value in NUMBERS if is_number else TEXTS:
        query = {parameter["name"]: value}
        answer = api.call(each.method, each.path.format(**given), query=query)
        agree(answer, fits=judge.is_valid(value), what=f"{each.path} {value!r:.80}")


@pytest.mark.parametrize(
    "each", [each for each in ENDPOINTS if each.parameters], ids=lambda each: each.path
)
def test_every_parameter_of_a_path_is_judged_alike(api: ApiClient, each: Any) -> None:
    """What no id can be is refused before a store is asked for it."""
    caller = api.with_scopes("admin")
    given = prepared(caller, each.path)
    described = DOCUMENT["paths"][each.path][each.method.lower()]["parameters"]
    for parameter in (one for one in described if one["in"] == "path"):
        judge = judged_by(parameter["schema"])
        for value in filter(None, TEXTS):
            path = each.path.format(**given | {parameter["name"]: quote(value, safe="")})
            answer = caller.call(each.method, path, {"value": "x"} if each.body else None)
            if not judge.is_valid(value):
                assert answer.status in REFUSED, (path, answer.text)


@pytest.mark.parametrize("value", TEXTS)
def test_an_idempotency_key_is_judged_alike(api: ApiClient, value: str) -> None:
    """Of the only header that callers write."""
    [described] = [
        one
        for one in DOCUMENT["paths"]["/v1/events"]["post"]["parameters"]
        if one["name"] == "Idempotency-Key"
    ]

    answer = api.post("/v1/events", {"topic": "metric.x"}, idempotency_key=value)

    agree(answer, fits=judged_by(described["schema"]).is_valid(value), what=repr(value))


def test_a_request_has_as_many_events_as_the_document_says(api: ApiClient) -> None:
    """A client that fills its requests reads the number there."""
    judge = judged_by({"$ref": "#/components/schemas/EventsIn"})
    for count, status in ((1000, 202), (1001, 422)):
        body = {"events": [{"topic": "metric.x"}] * count}

        assert judge.is_valid(body) is (status == 202)
        assert status == api.post("/v1/events", body).status


def agree(answer: Answer, *, fits: bool, what: str) -> None:
    """The code refuses what the document does, and by its form only what the document does."""
    if not fits:
        assert answer.status in REFUSED, (what, answer.status)
    elif answer.status in REFUSED:
        reasons = {no["code"] for no in answer.json.get("rejected", [])}
        assert not FORMAL & (reasons or {answer.json["code"]}), (what, answer.text)


def judged_by(schema: Mapping[str, Any]) -> Any:
    """A validator of this schema of the document; times and days are what the RFC calls them."""
    formats = jsonschema.FormatChecker(formats=())
    formats.checks("date-time", raises=ValueError)(is_time)
    formats.checks("date", raises=ValueError)(is_day)
    whole = {**schema, "components": DOCUMENT["components"]}
    return jsonschema.Draft202012Validator(whole, format_checker=formats)


def is_time(value: object) -> bool:
    """Whether it is RFC 3339; what is no text has no format."""
    return not isinstance(value, str) or bool(re.match("[0-9]{4}-", value) and moment(value))


def is_day(value: object) -> bool:
    """Whether it is a full date of RFC 3339; what is no text has no format."""
    if not isinstance(value, str):
        return True
    return bool(re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value) and date.fromisoformat(value))


def prepared(api: ApiClient, path: str) -> dict[str, str]:
    """Values for the path's parameters; what they name is there where that is easy."""
    given = dict.fromkeys(re.findall(r"\{(\w+)\}", path), "x")
    if "webhook_id" in given:
        given["webhook_id"] = api.with_scopes("admin").post("/v1/webhooks", WEBHOOK).json["id"]
    if "name" in given:
        api.with_scopes("admin").post("/v1/functions", {"name": "x"})
    if "transform_id" in given:
        merge = {"name": "n", "method": "format", "sources": ["x"], "settings": {"trim": True}}
        made = api.with_scopes("admin").post("/v1/transforms", merge)
        given["transform_id"] = made.json["id"]
    if "sync_id" in given:
        made = api.with_scopes("admin").post("/v1/syncs", {"name": "n", "kind": "s3"})
        given["sync_id"] = made.json["id"]
    return given
