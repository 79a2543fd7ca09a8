"""Bodies: how large, of which type, and what happens where one is missing."""

import base64
import json
from typing import Any

import pytest

from functions import api as api_function
from functions._api.endpoints import ENDPOINTS
from functions._http import MAX_BODY_BYTES
from tests.api_client import ApiClient, a_url_event

WEBHOOKS = "/v1/webhooks"

HOOK = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}
WITH_BODY = [each for each in ENDPOINTS if each.body]


@pytest.mark.parametrize("body", [None, "", " \r\n\t"])
@pytest.mark.parametrize("each", WITH_BODY, ids=lambda each: f"{each.method} {each.path}")
def test_an_absent_body_is_refused_where_the_document_requires_one(
    api: ApiClient, each: Any, body: str | None
) -> None:
    """Whoever lost the body on the way has asked for something else than what `{}` asks for."""
    path = each.path.format(**dict.fromkeys(each.parameters, "x"))
    described = api.get("/openapi.json").json["paths"][each.path][each.method.lower()]

    answer = api.with_scopes("admin").call(each.method, path, body)

    assert described["requestBody"]["required"]
    assert (400, "missing_body") == (answer.status, answer.json["code"])


def test_without_a_body_no_secret_is_rotated_and_nothing_is_replayed(api: ApiClient) -> None:
    """Both act by their defaults when they are asked with `{}`."""
    hook: dict[str, Any] = api.post("/v1/webhooks", HOOK).json
    path = f"/v1/webhooks/{hook['id']}"
    for action in ("rotate-secret", "replay"):
        assert 400 == api.call("POST", f"{path}/{action}").status

    assert hook["signing_keys"] == api.get(path).json["signing_keys"]
    assert [] == api.get(f"{path}/replays").json["data"]
    for action in ("rotate-secret", "replay"):
        assert api.post(f"{path}/{action}", {}).status in {200, 202}


def test_an_endpoint_without_a_body_in_the_document_needs_none(api: ApiClient) -> None:
    """Switching on has nothing to say besides."""
    hook = api.post("/v1/webhooks", HOOK).json

    assert 200 == api.call("POST", f"/v1/webhooks/{hook['id']}/enable").status


def test_a_body_above_the_published_limit_is_refused_whatever_is_in_it(api: ApiClient) -> None:
    """Ten megabytes are no webhook; reading them would cost more than refusing them."""
    huge = json.dumps(HOOK | {"name": "x" * 10_000_000})
    nested = "[" * 5_000_000
    text = base64.b64encode(huge.encode()).decode()
    event = a_url_event("POST", "/v1/webhooks", headers={"authorization": f"Bearer {api.key}"})
    encoded = api_function.handler(event | {"body": text, "isBase64Encoded": True}, None)

    for status, document in (
        *((sent.status, sent.json) for sent in map(api.post, [WEBHOOKS] * 2, [huge, nested])),
        (encoded["statusCode"], json.loads(encoded["body"])),
    ):
        assert (413, "body_too_large") == (status, document["code"])
        assert str(MAX_BODY_BYTES) in document["detail"]


def test_a_body_of_exactly_the_published_limit_is_read(api: ApiClient) -> None:
    """A limit that is published is one that may be used."""
    within = json.dumps(HOOK).ljust(MAX_BODY_BYTES)

    assert 201 == api.post(WEBHOOKS, within).status
    assert 413 == api.post(WEBHOOKS, within + " ").status


@pytest.mark.parametrize("depth", [65, 2_000, 1_000_000])
def test_a_deeply_nested_body_is_refused(api: ApiClient, depth: int) -> None:
    """What recursion cannot read ends as an answer, not as a crash."""
    body = '{"filter": ' + '{"a": ' * depth + "1" + "}" * depth + "}"

    assert api.post(WEBHOOKS, body if depth < 500_000 else body[:MAX_BODY_BYTES]).status in {
        400,
        422,
    }


@pytest.mark.parametrize(
    "stated",
    [
        *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"),
        *("application/xml", "application/jsonp", "application/json; charset=utf-16", "json", ";"),
        *("application/json, application/json", "a" * 5000, "é", "\x00"),
    ],
)
def test_a_body_that_says_it_is_no_json_is_refused(api: ApiClient, stated: str) -> None:
    """A form that happens to look like JSON was meant for somebody else."""
    answer = api.post(WEBHOOKS, HOOK, content_type=stated)

    assert (415, "unsupported_media_type") == (answer.status, answer.json["code"])
    assert "application/json" == answer.headers["accept"]
    assert [] == api.get(WEBHOOKS).json["data"]


@pytest.mark.parametrize(
    "stated",
    ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"', ""],
)
def test_json_is_read_however_its_type_is_written(api: ApiClient, stated: str) -> None:
    """And a body that says nothing is taken for JSON, as older clients send it."""
    assert 201 == api.post(WEBHOOKS, HOOK, content_type=stated).status
    assert 201 == api.post(WEBHOOKS, HOOK).status


@pytest.mark.parametrize("coding", ["gzip", "br", "gzip, identity"])
def test_a_compressed_body_is_refused_by_name(api: ApiClient, coding: str) -> None:
    """Bytes that are not JSON would be the wrong thing to complain about."""
    answer = api.post(WEBHOOKS, HOOK, content_encoding=coding)

    assert (415, "unsupported_media_type") == (answer.status, answer.json["code"])


def test_where_no_body_is_asked_for_its_type_does_not_matter(api: ApiClient) -> None:
    """Some clients say a type with every request."""
    assert 200 == api.call("GET", WEBHOOKS, headers={"content-type": "text/plain"}).status
