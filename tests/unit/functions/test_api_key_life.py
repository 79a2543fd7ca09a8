"""A key ends, is replaced and is revoked; and it says when it was last used."""

from dataclasses import replace
from typing import Any, Final

import pytest

from functions import api as api_function
from functions._api.endpoint import Endpoint
from functions._api.endpoints import ENDPOINTS
from runtime.core.tenancy import scopes
from runtime.core.tenancy.scopes import ADMIN, PRESETS, SCOPES
from runtime.stores.tenancy.api_keys import ApiKeys
from tests.api_client import Answer, ApiClient
from tests.doubles import FakeClock

DAY_S = 24 * 3600

# What only reads, and takes a body to say what.
READING_POSTS: Final = {
    "POST /v1/profiles/export",
    "POST /v1/transform-dry-runs",
    "POST /v1/transforms/{transform_id}/dry-run",
}


@pytest.fixture
def clock(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The clock by which keys end; it stands still unless it is advanced."""
    clock = FakeClock()
    tenancy = api.application.tenancy
    create = replace(tenancy.create_api_key, clock=clock)
    tenancy = replace(
        tenancy,
        authenticate=replace(tenancy.authenticate, clock=clock),
        create_api_key=create,
        rotate_api_key=replace(tenancy.rotate_api_key, create=create, clock=clock),
    )
    application = replace(api.application, tenancy=tenancy)
    monkeypatch.setattr(api_function, "_application", lambda: application)
    return clock


def a_key(api: ApiClient, **wanted: Any) -> dict[str, Any]:
    """A new key that may read webhooks, unless something else is wanted."""
    made = api.post("/v1/api-keys", {"name": "ci", "scopes": ["webhooks:read"], **wanted})
    assert 201 == made.status, made.text
    document: dict[str, Any] = made.json
    return document


def ends(api: ApiClient, key: str) -> tuple[int, str]:
    """How a call with this key ends."""
    answer = api.with_key(key).get("/v1/webhooks")
    return answer.status, answer.json.get("code", "ok")


class TestExpiry:
    """A key that ends by itself."""

    def test_a_key_opens_nothing_once_it_has_ended(self, api: ApiClient, clock: FakeClock) -> None:
        """To the millisecond; the caller hears that it is the key that ended."""
        end = "2026-11-21T00:00:00.000Z"
        made = a_key(api, expires_at="2026-11-21T01:00:00+01:00")
        assert end == made["expires_at"]
        assert (200, "ok") == ends(api, made["key"])

        clock.advance(DAY_S)

        assert (401, "key_expired") == ends(api, made["key"])

    @pytest.mark.parametrize(
        ("end", "code"), [("2026-11-20T00:00:00Z", "bad_expiry"), ("tomorrow", "bad_time")]
    )
    def test_an_end_that_cannot_be_is_refused(
        self, api: ApiClient, clock: FakeClock, end: str, code: str
    ) -> None:
        """A key that has ended before it begins would be a riddle to its owner."""
        assert clock().year == 2026
        answer = api.post(
            "/v1/api-keys", {"name": "ci", "scopes": ["webhooks:read"], "expires_at": end}
        )

        assert (422, code, "expires_at") == (
            answer.status,
            answer.json["code"],
            answer.json["field"],
        )


class TestLastUse:
    """The hour of a key's last call."""

    def test_the_hour_of_the_last_call_is_shown(self, api: ApiClient, clock: FakeClock) -> None:
        """Whoever cleans up wants to know which keys nobody uses."""
        made = a_key(api)
        path = f"/v1/api-keys/{made['id']}"
        assert api.get(path).json["last_used_at"] is None

        ends(api, made["key"])
        first = api.get(path).json["last_used_at"]
        clock.advance(7200)
        ends(api, made["key"])

        assert "2026-11-20T13:00:00.000Z" == first
        assert "2026-11-20T15:00:00.000Z" == api.get(path).json["last_used_at"]

    def test_a_key_is_written_once_an_hour(self, api: ApiClient, clock: FakeClock) -> None:
        """A call must not cost a write."""
        made = a_key(api)
        store = CountingKeys(config=api.application.tenancy.api_keys.config)
        authenticate = replace(api.application.tenancy.authenticate, keys=store, clock=clock)
        for _ in range(5):
            authenticate(f"Bearer {made['key']}")
            clock.advance(60)
        assert 1 == len(store.writes)

        clock.advance(3600)
        authenticate(f"Bearer {made['key']}")

        assert 2 == len(store.writes)

    def test_noting_the_hour_never_brings_back_a_key(self, api: ApiClient) -> None:
        """A call and its key's revocation may meet."""
        made = a_key(api)
        store = api.application.tenancy.api_keys
        record = store.get(api.tenant, made["id"])
        api.call("DELETE", f"/v1/api-keys/{made['id']}")

        authenticate = replace(
            api.application.tenancy.authenticate, keys=Remembering(record, store)
        )
        authenticate(f"Bearer {made['key']}")

        assert store.find(record.sha256) is None

    def test_noting_the_hour_never_takes_back_the_end_of_a_key(self, api: ApiClient) -> None:
        """A call that began before a rotation may note its hour after it."""
        made = a_key(api)
        store = api.application.tenancy.api_keys
        record = store.get(api.tenant, made["id"])
        api.post(f"/v1/api-keys/{made['id']}/rotate", {"overlap_s": 60})
        ending = store.get(api.tenant, made["id"]).expires_at
        assert ending is not None

        authenticate = replace(
            api.application.tenancy.authenticate, keys=Remembering(record, store)
        )
        authenticate(f"Bearer {made['key']}")

        assert ending == store.get(api.tenant, made["id"]).expires_at
        found = store.find(record.sha256)
        assert found is not None
        assert ending == found.expires_at
        assert found.last_used_at is not None


class CountingKeys(ApiKeys):
    """The store, with a list of what is written."""

    writes: list[str] = []  # noqa: RUF012 - a new one in each process of the tests would do, too

    def __init__(self, *, config: Any) -> None:
        super().__init__(config=config)
        self.writes.clear()

    def note_use(self, used: Any) -> None:
        """Store it, and note that."""
        self.writes.append(used.id)
        super().note_use(used)


class Remembering:
    """A store whose reader has found a key a moment ago."""

    def __init__(self, record: Any, store: ApiKeys) -> None:
        self._record, self.note_use = record, store.note_use

    def find(self, _sha256: str) -> Any:
        """The key as it was."""
        return self._record


class TestRevocation:
    """`DELETE /v1/api-keys/{key_id}`."""

    def test_a_revoked_key_opens_nothing_from_that_moment(self, api: ApiClient) -> None:
        """In every process: each call reads its key anew."""
        made = a_key(api)
        assert (200, "ok") == ends(api, made["key"])

        answer = api.call("DELETE", f"/v1/api-keys/{made['id']}")

        assert 204 == answer.status
        assert (401, "unknown_key") == ends(api, made["key"])
        assert made["id"] not in api.get("/v1/api-keys").text
        assert 404 == api.call("DELETE", f"/v1/api-keys/{made['id']}").status

    def test_nobody_locks_himself_out(self, api: ApiClient) -> None:
        """The key that a call comes with cannot be revoked by it."""
        (own,) = api.get("/v1/api-keys").json["data"]

        answer = api.call("DELETE", f"/v1/api-keys/{own['id']}")

        assert (409, "own_key") == (answer.status, answer.json["code"])
        assert 200 == api.get("/v1/webhooks").status

    def test_a_key_has_no_say_over_one_that_may_do_more(self, api: ApiClient) -> None:
        """Neither to end it nor to get its successor."""
        admin = api.with_scopes(ADMIN)
        path = next(
            f"/v1/api-keys/{each['id']}"
            for each in api.get("/v1/api-keys").json["data"]
            if each["scopes"] == [ADMIN]
        )

        answers = [api.call("DELETE", path), api.post(f"{path}/rotate")]

        assert [(403, "scope_not_held")] * 2 == [
            (answer.status, answer.json["code"]) for answer in answers
        ]
        assert 200 == admin.get("/v1/webhooks").status


class TestRotation:
    """`POST /v1/api-keys/{key_id}/rotate`."""

    def test_both_keys_work_during_the_overlap(self, api: ApiClient, clock: FakeClock) -> None:
        """So that nobody is locked out while the new one is brought to all places."""
        old = a_key(api)

        new = api.post(f"/v1/api-keys/{old['id']}/rotate", {"overlap_s": 3600})

        assert 201 == new.status
        assert ("ci", ["webhooks:read"]) == (new.json["name"], new.json["scopes"])
        assert [(200, "ok")] * 2 == [ends(api, old["key"]), ends(api, new.json["key"])]
        clock.advance(3600)
        assert (401, "key_expired") == ends(api, old["key"])
        assert (200, "ok") == ends(api, new.json["key"])
        again = api.post(f"/v1/api-keys/{old['id']}/rotate")
        assert (409, "already_expired") == (again.status, again.json["code"])

    def test_a_key_that_ends_is_followed_by_one_that_ends(
        self, api: ApiClient, clock: FakeClock
    ) -> None:
        """A rotation is no way to live longer; and it ends nothing later than it would have."""
        end = "2026-11-20T14:00:00.000Z"
        old = a_key(api, expires_at=end)

        new = api.post(f"/v1/api-keys/{old['id']}/rotate", {"overlap_s": DAY_S}).json

        assert (end, end) == (
            new["expires_at"],
            api.get(f"/v1/api-keys/{old['id']}").json["expires_at"],
        )
        clock.advance(3600)
        assert (401, "key_expired") == ends(api, new["key"])

    @pytest.mark.parametrize("overlap_s", [-1, 7 * DAY_S + 1, "1", 1.5])
    def test_an_overlap_that_cannot_be_is_refused(self, api: ApiClient, overlap_s: Any) -> None:
        """At most a week: a key that leaked must end."""
        path = f"/v1/api-keys/{a_key(api)['id']}/rotate"

        answer = api.post(path, {"overlap_s": overlap_s})

        assert "overlap_s" == answer.json["field"]
        assert 1 == len([each for each in _named(api, "ci") if each["expires_at"] is None])


def _named(api: ApiClient, name: str) -> list[dict[str, Any]]:
    return [each for each in api.get("/v1/api-keys").json["data"] if each["name"] == name]


class TestScopes:
    """What a key may do."""

    @pytest.mark.parametrize("preset", PRESETS)
    def test_a_preset_stands_for_scopes(self, api: ApiClient, preset: str) -> None:
        """The record names them, so that a preset that changes changes no key."""
        made = api.post("/v1/api-keys", {"name": "ci", "preset": preset}).json

        assert list(PRESETS[preset]) == made["scopes"]

    def test_no_preset_may_make_keys(self) -> None:
        """Whoever may make keys can do everything that its own key can."""
        assert not [name for names in PRESETS.values() for name in names if "keys" in name]
        assert ADMIN not in [name for names in PRESETS.values() for name in names]

    @pytest.mark.parametrize(
        "wanted", [{}, {"preset": "viewer", "scopes": ["webhooks:read"]}, {"preset": "owner"}]
    )
    def test_a_key_has_either_scopes_or_a_preset(
        self, api: ApiClient, wanted: dict[str, Any]
    ) -> None:
        """Of two answers to one question nobody knows which counts."""
        answer = api.post("/v1/api-keys", {"name": "ci", **wanted})

        assert answer.json["code"] == "bad_field"
        assert answer.json["field"] in {"scopes", "preset"}

    def test_every_scope_guards_something_and_everything_has_a_scope(self) -> None:
        """A scope that guards nothing misleads; only the list of topics is for any key."""
        assert {*SCOPES, ADMIN, None} == {each.scope for each in ENDPOINTS}
        assert ["/v1/topics"] == [each.path for each in ENDPOINTS if each.scope is None]

    def test_reading_changes_nothing(self) -> None:
        """A viewer's key may go to a dashboard."""
        readers = [each for each in ENDPOINTS if (each.scope or "").endswith(":read")]

        assert READING_POSTS == {
            f"{each.method} {each.path}" for each in readers if each.method != "GET"
        }

    @pytest.mark.parametrize("older", ["webhooks", "functions", "api-keys"])
    def test_a_key_with_an_older_scope_may_do_what_it_could(self, older: str) -> None:
        """Keys that were made before reading and writing were told apart go on working."""
        noun = older.removeprefix("api-")
        assert {each for each in SCOPES if each.startswith(f"{noun}:")} == scopes.meant_by([older])


def called(api: ApiClient, each: Endpoint, **how: Any) -> Answer:
    """A call of an operation, with any text for what its path takes."""
    path = each.path
    for name in each.parameters:
        path = path.replace(f"{{{name}}}", "x1")
    body: object = {} if each.body else None
    return api.call(each.method, path, body, **how)


class TestEveryOperation:
    """Who is not let in, whatever is asked."""

    @pytest.mark.parametrize("each", ENDPOINTS, ids=lambda each: f"{each.method} {each.path}")
    def test_nobody_comes_in_without_a_key_that_holds(
        self, api: ApiClient, keys: dict[str, str], each: Endpoint
    ) -> None:
        """No key, an unknown, an expired or a revoked one, or a key in the address."""
        refused = {name: called(api.with_key(key), each) for name, key in keys.items()}
        refused["none"] = called(api.with_key(None), each)
        refused["in the query"] = called(api.with_key(None), each, query={"key": api.key})

        assert {name: (answer.status, answer.json["code"]) for name, answer in refused.items()} == {
            "unknown": (401, "unknown_key"),
            "expired": (401, "key_expired"),
            "revoked": (401, "unknown_key"),
            "none": (401, "missing_key"),
            "in the query": (401, "missing_key"),
        }

    @pytest.mark.parametrize(
        "each",
        [each for each in ENDPOINTS if each.scope],
        ids=lambda each: f"{each.method} {each.path}",
    )
    def test_every_scope_but_the_right_one_is_not_enough(
        self, api: ApiClient, each: Endpoint
    ) -> None:
        """And the right one is."""
        others = [scope for scope in SCOPES if scope != each.scope]

        without, with_it = (
            called(api.with_scopes(*others), each),
            called(api.with_scopes(str(each.scope)), each),
        )

        assert (403, "missing_scope") == (without.status, without.json["code"])
        assert 403 != with_it.status


@pytest.fixture(scope="module")
def keys(installation: ApiClient) -> dict[str, str]:
    """Keys that open nothing."""
    tenant = installation.newcomer()
    issue = tenant.application.tenancy.create_api_key.issue
    _, expired = issue(
        tenant.tenant, name="old", scopes=SCOPES, expires_at="2026-01-01T00:00:00.000Z"
    )
    revoked = a_key(tenant)
    tenant.call("DELETE", f"/v1/api-keys/{revoked['id']}")
    return {"unknown": "psk_nobody", "expired": expired, "revoked": revoked["key"]}
