"""Every operation of the document with every kind of key that must not open it."""

from dataclasses import dataclass
from typing import Final

import pytest

from functions._api.endpoint import Endpoint
from functions._api.endpoints import ENDPOINTS
from runtime.core.tenancy.scopes import ADMIN, SCOPES
from tests.api_client import Answer, ApiClient

PAST: Final = "2020-01-01T00:00:00.000Z"
# Values of paths; no such things are there, and a refused caller must not even learn that.
PLACES: Final = {"name": "vip", "version": "1", "secret": "TOKEN"}
# Where other APIs take keys. What stands in a URL ends up in logs and in browsers' histories.
QUERIES: Final = ("key", "api_key", "apikey", "token", "access_token", "authorization")
every_operation = pytest.mark.parametrize(
    "each", ENDPOINTS, ids=lambda each: f"{each.method} {each.path}"
)


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Keys of one tenant."""

    good: str
    revoked: str
    expired: str


@pytest.fixture(scope="module")
def keys(installation: ApiClient) -> Keys:
    """One that works, and two that do no longer."""
    api = installation.newcomer()
    make = api.application.tenancy.create_api_key.issue
    revoked = api.post("/v1/api-keys", {"name": "n", "scopes": ["events:write"]}).json
    api.call("DELETE", f"/v1/api-keys/{revoked['id']}")
    expired = make(api.tenant, name="n", scopes=(ADMIN,), expires_at=PAST)
    good = make(api.tenant, name="n", scopes=(ADMIN,))
    return Keys(good=good.key, revoked=revoked["key"], expired=expired.key)


def call(api: ApiClient, each: Endpoint, **query: str) -> Answer:
    """A call of the operation, with a body that it would refuse."""
    path = each.path.format(**{name: PLACES.get(name, "x") for name in each.parameters})
    return api.call(each.method, path, [] if each.body else None, query=query)


@every_operation
def test_no_operation_is_open_without_a_key_that_works(
    installation: ApiClient, keys: Keys, each: Endpoint
) -> None:
    """Nothing of the request is looked at before, and no answer repeats the key."""
    for key, code in (
        (None, "missing_key"),
        ("", "missing_key"),
        ("psk_" + "x" * 43, "unknown_key"),
        (keys.good[:-1], "unknown_key"),
        (keys.good + "=", "unknown_key"),
        (keys.revoked, "unknown_key"),
        (keys.expired, "key_expired"),
    ):
        answer = call(installation.with_key(key), each)

        assert (401, code) == (answer.status, answer.json["code"])
        assert "Bearer" == answer.headers["www-authenticate"]
        assert not key or key not in answer.text


@every_operation
def test_no_operation_takes_a_key_from_the_query(
    installation: ApiClient, keys: Keys, each: Endpoint
) -> None:
    """Whoever sends one there is told that it does not count."""
    for name in QUERIES:
        answer = call(installation.with_key(None), each, **{name: keys.good})
        assert (401, "missing_key") == (answer.status, answer.json["code"])


@every_operation
def test_every_operation_asks_for_its_scope_and_no_other_will_do(
    installation: ApiClient, each: Endpoint
) -> None:
    """A key with every scope but that one; only `admin` stands for all."""
    held = tuple(scope for scope in SCOPES if scope != each.scope)
    answer = call(installation.as_tenant("scopes", scopes=held), each)

    is_refused = (answer.status, answer.json.get("code")) == (403, "missing_scope")
    assert is_refused == (each.scope is not None)
