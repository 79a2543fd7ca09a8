"""`PATCH /v1/api-keys/{key_id}`: a key changes in the hands of its owner."""

from typing import Any

import pytest

from runtime.core.tenancy.scopes import ADMIN, PRESETS
from tests import audit
from tests.api_client import ApiClient


def a_key(api: ApiClient, *scopes: str, **wanted: Any) -> dict[str, Any]:
    """A new key."""
    made = api.post("/v1/api-keys", {"name": "ci", "scopes": [*scopes], **wanted})
    assert 201 == made.status, made.text
    document: dict[str, Any] = made.json
    return document


def path_of(key: dict[str, Any]) -> str:
    """Where the API has it."""
    return f"/v1/api-keys/{key['id']}"


def test_scopes_count_from_the_next_call_on(api: ApiClient) -> None:
    """In every process, because each call reads its key; and its owner has nothing to exchange."""
    key = a_key(api, "webhooks:read")
    owner = api.with_key(key["key"])
    assert [200, 403] == [owner.get(f"/v1/{what}").status for what in ("webhooks", "functions")]

    answer = api.call("PATCH", path_of(key), {"scopes": ["functions:read"]})

    assert (200, "ci", ["functions:read"]) == (
        answer.status,
        answer.json["name"],
        answer.json["scopes"],
    )
    assert [403, 200] == [owner.get(f"/v1/{what}").status for what in ("webhooks", "functions")]
    assert answer.json["scopes"] == api.get(path_of(key)).json["scopes"]


def test_what_is_left_out_stays(api: ApiClient) -> None:
    """A name alone, a preset in place of scopes, or nothing."""
    key = a_key(api, "webhooks:read", expires_at="2036-01-01T00:00:00.000Z")

    named = api.call("PATCH", path_of(key), {"name": "shop"}).json
    preset = api.call("PATCH", path_of(key), {"preset": "viewer"}).json
    nothing = api.call("PATCH", path_of(key), {}).json

    assert ("shop", ["webhooks:read"]) == (named["name"], named["scopes"])
    assert ("shop", list(PRESETS["viewer"])) == (preset["name"], preset["scopes"])
    assert preset == nothing
    assert (key["expires_at"], key["sha256"]) == (nothing["expires_at"], nothing["sha256"])
    assert "key" not in nothing


def test_only_the_key_that_was_read_is_changed(api: ApiClient) -> None:
    """Two people who narrow a key at once would each give back what the other took."""
    key = a_key(api, "webhooks:read", "events:read")
    etag = {"If-Match": f'"{key["etag"]}"'}

    first = api.call("PATCH", path_of(key), {"scopes": ["events:read"]}, headers=etag)
    second = api.call("PATCH", path_of(key), {"scopes": ["webhooks:read"]}, headers=etag)

    assert [200, 412] == [first.status, second.status]
    assert ["events:read"] == api.get(path_of(key)).json["scopes"]


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"scopes": []}, 422, "missing_scopes", "scopes"),
        ({"scopes": ["everything"]}, 422, "unknown_scope", "scopes"),
        ({"scopes": ["events:read"], "preset": "viewer"}, 422, "bad_field", "scopes"),
        ({"preset": "owner"}, 422, "bad_field", "preset"),
        ({"name": ""}, 422, "bad_name", "name"),
        ({"scopes": None}, 422, "bad_field", "scopes"),
        ({"expires_at": None}, 422, "unknown_field", "expires_at"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(
    api: ApiClient, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    """And nothing is changed."""
    key = a_key(api, "webhooks:read")

    answer = api.call("PATCH", path_of(key), body)

    assert (status, code, field) == (answer.status, answer.json["code"], answer.json["field"])
    assert key["etag"] == api.get(path_of(key)).json["etag"]


def test_a_key_has_no_say_over_one_that_may_do_more(api: ApiClient) -> None:
    """It can neither give what it does not have, nor call or narrow a wider key."""
    keeper = api.with_scopes("keys:write", "webhooks:read")
    wide, narrow = a_key(api, "webhooks:read", "events:read"), a_key(api, "webhooks:read")

    answers = [
        keeper.call("PATCH", path_of(narrow), {"scopes": ["events:read"]}),
        keeper.call("PATCH", path_of(narrow), {"scopes": [ADMIN]}),
        keeper.call("PATCH", path_of(wide), {"scopes": ["webhooks:read"]}),
        keeper.call("PATCH", path_of(wide), {"name": "mine"}),
    ]

    assert [(403, "scope_not_held")] * 4 == [
        (answer.status, answer.json["code"]) for answer in answers
    ]
    assert 200 == keeper.call("PATCH", path_of(narrow), {"name": "mine"}).status


def test_nobody_takes_scopes_from_the_key_that_he_calls_with(api: ApiClient) -> None:
    """Nobody could give them back if it were the last that may change keys."""
    own = next(
        each for each in api.get("/v1/api-keys").json["data"] if "keys:write" in each["scopes"]
    )

    answer = api.call("PATCH", path_of(own), {"scopes": ["webhooks:read"]})

    assert (409, "own_key") == (answer.status, answer.json["code"])
    assert "with another one" in answer.json["detail"]
    assert 200 == api.call("PATCH", path_of(own), {"name": "main"}).status


def test_a_change_is_in_the_audit_log_with_what_was_before(api: ApiClient) -> None:
    """Who widened a key is the first question after a leak."""
    api = api.newcomer()
    key = a_key(api, "webhooks:read")
    audit.told(api)
    api.call("PATCH", path_of(key), {"scopes": ["webhooks:read", "events:read"]})

    [event] = audit.told(api)

    assert "audit.api_key.updated" == event["topic"]
    entry = api.get(f"/v1/audit/{api.get('/v1/audit').json['data'][0]['id']}").json
    assert (["webhooks:read"], ["webhooks:read", "events:read"]) == (
        entry["before"]["scopes"],
        entry["after"]["scopes"],
    )
