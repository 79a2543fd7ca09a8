"""Bodies: where the document requires one, none is refused, and nothing has been done."""

from typing import Any

import pytest

from functions._api.endpoints import ENDPOINTS
from tests.api_client import ApiClient

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
