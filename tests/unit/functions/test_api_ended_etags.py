"""Conditional requests to things that callers end, and do not edit: API keys and replays."""

from functools import partial
from typing import Any, Final

import pytest

from tests.api_client import Answer, ApiClient
from tests.overtaking import overtaken_by

HOOK: Final = {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]}
KEY: Final = {"name": "ci", "scopes": ["webhooks:read"]}
SOON: Final = "2100-01-01T00:00:00.000Z"


def a_key(api: ApiClient, **wanted: Any) -> str:
    """The path of a new key."""
    return f"/v1/api-keys/{api.post('/v1/api-keys', KEY | wanted).json['id']}"


def names(api: ApiClient) -> list[str]:
    """The names of the tenant's keys, without those that the tests call with."""
    listed = api.get("/v1/api-keys").json["data"]
    return [each["name"] for each in listed if each["name"] != "test"]


def test_a_key_is_shown_with_its_etag_which_a_use_does_not_change(api: ApiClient) -> None:
    """Who has read a key may rotate it, however often it is used meanwhile."""
    made = api.post("/v1/api-keys", KEY)
    path = f"/v1/api-keys/{made.json['id']}"
    shown = api.get(path)
    assert f'"{shown.json["etag"]}"' == shown.headers["etag"] == made.headers["etag"]

    api.with_key(made.json["key"]).get("/v1/webhooks")

    used = api.get(path)
    assert None is shown.json["last_used_at"] is not used.json["last_used_at"]
    assert shown.headers["etag"] == used.headers["etag"]
    listed = {each["id"]: each["etag"] for each in api.get("/v1/api-keys").json["data"]}
    assert used.json["etag"] == listed[made.json["id"]]


def test_a_key_that_was_rotated_since_is_neither_rotated_nor_revoked(api: ApiClient) -> None:
    """Two people who clean up must not take each other's new keys away."""
    path = a_key(api)
    read = {"if-match": api.get(path).headers["etag"]}
    rotated = api.call("POST", f"{path}/rotate", {}, headers=read)
    assert 201 == rotated.status

    refused = [
        api.call("POST", f"{path}/rotate", {}, headers=read),
        api.call("DELETE", path, headers=read),
    ]

    now = api.get(path)
    assert rotated.json["id"] == now.json["replaced_by"]
    for answer in refused:
        assert (412, "precondition_failed") == (answer.status, answer.json["code"])
        assert now.headers["etag"] == answer.headers["etag"]
    assert ["ci", "ci"] == names(api)
    met = {"if-match": now.headers["etag"]}
    assert 204 == api.call("DELETE", path, headers=met).status


@pytest.mark.parametrize("end", [None, SOON], ids=["without end", "that ends before the overlap"])
@pytest.mark.parametrize("is_conditional", [False, True], ids=["409", "412"])
def test_of_two_rotations_at_the_same_moment_one_makes_a_key(
    api: ApiClient, end: str | None, *, is_conditional: bool
) -> None:
    """Else nobody knows of the second key, and the later of the two ends would count."""
    path = a_key(api, expires_at=end)
    read = {"if-match": api.get(path).headers["etag"]} if is_conditional else {}

    def rotate(overlap_s: int) -> Answer:
        return api.call("POST", f"{path}/rotate", {"overlap_s": overlap_s}, headers=read)

    with overtaken_by(api, partial(rotate, 60)) as won:
        lost = rotate(3600)

    assert 201 == won[0].status
    code = (412, "precondition_failed") if is_conditional else (409, "api_key_changed")
    assert code == (lost.status, lost.json["code"])
    assert ["ci", "ci"] == names(api)
    assert won[0].json["id"] == api.get(path).json["replaced_by"]


def test_a_key_that_is_rotated_at_the_same_moment_is_not_revoked(api: ApiClient) -> None:
    """Who revokes has not seen that its successor is about to be brought to all places."""
    path = a_key(api)

    with overtaken_by(api, lambda: api.post(f"{path}/rotate")) as won:
        lost = api.call("DELETE", path)

    assert 201 == won[0].status
    assert (409, "api_key_changed") == (lost.status, lost.json["code"])
    assert ["ci", "ci"] == names(api)


def replays(api: ApiClient) -> list[str]:
    """The paths of a replay of each kind."""
    hook = api.post("/v1/webhooks", HOOK).json["id"]
    api.post("/v1/functions", {"name": "vip"})
    api.post("/v1/functions/vip/versions", {"source": "def handler(event):\n    return 1\n"})
    api.post("/v1/functions/vip/publish")
    started = [f"/v1/webhooks/{hook}", "/v1/functions/vip"]
    return [f"{path}/replays/{api.post(f'{path}/replay').json['id']}" for path in started]


def test_a_replay_is_cancelled_only_in_the_state_that_was_read(api: ApiClient) -> None:
    """Of both kinds: one that has ended since is not told to be cancelled."""
    for path in replays(api):
        shown = api.get(path)
        assert f'"{shown.json["etag"]}"' == shown.headers["etag"]
        assert 304 == api.call("GET", path, headers={"if-none-match": shown.headers["etag"]}).status

        refused = api.call("POST", f"{path}/cancel", headers={"if-match": '"0"'})
        assert (412, shown.headers["etag"]) == (refused.status, refused.headers["etag"])
        assert "running" == api.get(path).json["state"]

        read = {"if-match": shown.headers["etag"]}
        cancelled = api.call("POST", f"{path}/cancel", headers=read)
        assert (200, "cancelled") == (cancelled.status, cancelled.json["state"])
        assert 412 == api.call("POST", f"{path}/cancel", headers=read).status


def test_the_list_of_secrets_has_the_functions_etag(api: ApiClient) -> None:
    """By it a secret is set if nobody has changed the function meanwhile."""
    api.post("/v1/functions", {"name": "vip", "secrets": ["TOKEN"]})
    listed = api.get("/v1/functions/vip/secrets")
    assert api.get("/v1/functions/vip").headers["etag"] == listed.headers["etag"]
    read = {"if-match": listed.headers["etag"]}
    path = "/v1/functions/vip/secrets/TOKEN"

    assert 204 == api.call("PUT", path, {"value": "one"}, headers=read).status
    assert 412 == api.call("PUT", path, {"value": "two"}, headers=read).status
    assert 412 == api.call("DELETE", path, headers=read).status


def test_a_repeat_under_another_condition_is_another_request(api: ApiClient) -> None:
    """An idempotency key must not answer that a condition is met which was never looked at."""
    sync = api.post("/v1/syncs", {"name": "n", "kind": "s3"})
    path = f"/v1/syncs/{sync.json['id']}/pause"
    headers = {"idempotency-key": "k", "if-match": sync.headers["etag"]}
    assert 200 == api.call("POST", path, {}, headers=headers).status

    same = api.call("POST", path, {}, headers=headers)
    others = [{**headers, "if-match": '"0"'}, {"idempotency-key": "k"}]

    assert (200, "true") == (same.status, same.headers["idempotent-replayed"])
    assert ["idempotency_key_reused"] * 2 == [
        api.call("POST", path, {}, headers=each).json["code"] for each in others
    ]
