"""Who may call, and what their key reaches."""

import pytest

from functions._api.endpoints import ENDPOINTS
from functions._api.routes import Routes
from runtime.core.tenancy.scopes import ADMIN
from tests.api_client import ApiClient
from tests.builders import a_function, a_job, a_profile, a_run, an_event


def test_a_call_without_a_key_is_refused(api: ApiClient) -> None:
    """Nothing is open but the API's own description."""
    answer = api.with_key(None).get("/v1/webhooks")

    assert (401, "missing_key") == (answer.status, answer.json["code"])
    assert "Bearer" == answer.headers["www-authenticate"]
    assert "application/problem+json" == answer.headers["Content-Type"]


@pytest.mark.parametrize("key", ["psk_wrong", "x", "psk_ü"])
def test_an_unknown_key_is_refused_and_not_repeated(api: ApiClient, key: str) -> None:
    """An error that repeats a key puts it into logs."""
    answer = api.with_key(key).get("/v1/webhooks")

    assert (401, "unknown_key") == (answer.status, answer.json["code"])
    assert key not in answer.json["detail"].split()


def test_a_key_reaches_only_what_its_scopes_name(api: ApiClient) -> None:
    """A key that leaks from an event producer must not read deliveries."""
    sender = api.with_scopes("events:write")

    assert 202 == sender.post("/v1/events", {"topic": "metric.x"}).status
    answer = sender.get("/v1/deliveries")
    assert (403, "missing_scope") == (answer.status, answer.json["code"])


def test_a_key_works_and_is_listed_only_as_a_hash(api: ApiClient) -> None:
    """The table, the listing and the log never hold what opens the door."""
    made = api.post("/v1/api-keys", {"name": "ci", "scopes": ["webhooks:read"]}).json

    assert made["key"].startswith("psk_")
    assert 200 == api.with_key(made["key"]).get("/v1/webhooks").status
    assert made["key"] not in api.get("/v1/api-keys").text
    assert made["sha256"] in api.get("/v1/api-keys").text


@pytest.mark.parametrize(
    "scopes", [["admin"], ["functions:read", "admin"], ["webhooks:read", "functions:read"]]
)
def test_a_key_cannot_grant_what_it_does_not_hold(api: ApiClient, scopes: list[str]) -> None:
    """Otherwise the scope to make keys would be every scope."""
    keeper = api.with_scopes("keys:write", "webhooks:read")

    answer = keeper.post("/v1/api-keys", {"name": "more", "scopes": scopes})

    assert (403, "scope_not_held") == (answer.status, answer.json["code"])


@pytest.mark.parametrize(
    ("scopes", "code"),
    [([], "missing_scopes"), (["everything"], "unknown_scope"), (["webhooks"], "unknown_scope")],
)
def test_scopes_are_refused_by_name(api: ApiClient, scopes: list[str], code: str) -> None:
    """A key with a misspelt scope would fail much later, at its first use."""
    answer = api.post("/v1/api-keys", {"name": "more", "scopes": scopes})

    assert (422, code, "scopes") == (answer.status, answer.json["code"], answer.json["field"])


def test_only_an_admin_makes_tenants(api: ApiClient) -> None:
    """A tenant is an account; nobody may open one for himself."""
    assert 403 == api.post("/v1/tenants", {"id": "globex"}).status

    admin = api.with_scopes(ADMIN)
    made = admin.post("/v1/tenants", {"id": "globex"})

    assert 201 == made.status
    assert 200 == api.with_key(made.json["key"]).get("/v1/webhooks").status
    again = admin.post("/v1/tenants", {"id": "globex"})
    assert (409, "tenant_exists") == (again.status, again.json["code"])
    assert "bad_tenant" == admin.post("/v1/tenants", {"id": "Globex#"}).json["code"]


def test_other_tenants_things_look_like_none(api: ApiClient, other_things: dict[str, str]) -> None:
    """Not even their existence is anybody else's business."""
    bodies = {
        "POST skip-gap of sync": {"first_seq": 1},
        "POST create of refresh": {"table": "events"},
        "PUT secret": {"value": "x"},
        "POST version": {"source": "x = 1"},
        "PUT environment of function": {"values": {}},
        "PUT canary of function": {"version": 1},
        "POST revert of transform": {"version": 1},
        "POST invoke": {"event": {"topic": "metric.x"}},
    }
    for method, path in other_things.items():
        verb, _, _ = method.partition(" ")
        answer = api.call(verb, path, bodies.get(method, {}))

        assert (404, path) == (answer.status, path)
        assert answer.json["code"].endswith("_not_found")


def test_every_path_with_a_parameter_is_tried_with_another_tenants_thing(
    other_things: dict[str, str],
) -> None:
    """A new endpoint must not be the one that was forgotten."""
    routes = Routes([(each.method, each.rule, each) for each in ENDPOINTS])
    tried = {
        routes.find(method.partition(" ")[0], path).target for method, path in other_things.items()
    }

    # An admin's calls about tenants are for no tenant's key.
    guarded = {each for each in ENDPOINTS if each.parameters and each.scope != ADMIN}
    assert guarded == tried


@pytest.fixture
def other_things(api: ApiClient) -> dict[str, str]:
    """Each way to reach a thing of tenant `globex`."""
    other = api.newcomer()
    hook = other.post(
        "/v1/webhooks",
        {"name": "n", "url": "https://hooks.example.com/", "topics": ["metric.x"]},
    ).json["id"]
    other.post("/v1/functions", {"name": "theirs"})
    replay = other.post(f"/v1/webhooks/{hook}/replay").json["id"]
    delivery = other.post(f"/v1/webhooks/{hook}/test").json["id"]
    api.cloud.keep(a_profile(tenant=other.tenant, id="theirs"))
    sync = other.post("/v1/syncs", {"name": "n", "kind": "s3"}).json["id"]
    api.cloud.runs.commit(a_run(tenant=other.tenant, function="theirs", id="run_1"))
    api.cloud.events.put([an_event(tenant=other.tenant, id="evt_theirs")])
    function = a_function(tenant=other.tenant, name="live")
    other.application.functions.store.add(function)
    formatted = {"name": "n", "method": "format", "sources": ["a"], "settings": {"trim": True}}
    transform = other.post("/v1/transforms", formatted).json["id"]
    runs = other.post("/v1/functions/live/replay").json["id"]
    key = other.get("/v1/api-keys").json["data"][0]["id"]
    job = a_job(tenant=other.tenant)
    api.cloud.jobs.add(job)
    entry = other.get("/v1/audit").json["data"][0]["id"]
    return {
        "GET key": f"/v1/api-keys/{key}",
        "GET entry of the audit log": f"/v1/audit/{entry}",
        "PATCH key": f"/v1/api-keys/{key}",
        "DELETE key": f"/v1/api-keys/{key}",
        "POST rotate of key": f"/v1/api-keys/{key}/rotate",
        "GET request": f"/v1/deliveries/{delivery}/request",
        "GET webhook": f"/v1/webhooks/{hook}",
        "PATCH webhook": f"/v1/webhooks/{hook}",
        "DELETE webhook": f"/v1/webhooks/{hook}",
        "GET function": "/v1/functions/theirs",
        "PATCH function": "/v1/functions/theirs",
        "GET runs": "/v1/functions/theirs/runs",
        "GET run": "/v1/functions/theirs/runs/run_1",
        "GET errors": "/v1/functions/theirs/errors",
        "GET run by id": "/v1/runs/run_1",
        "POST invoke": "/v1/functions/theirs/invoke",
        "DELETE function": "/v1/functions/theirs",
        **{
            f"{word} of function": f"/v1/functions/theirs/{word.partition(' ')[2]}"
            for word in (
                "POST restore",
                "POST enable",
                "POST disable",
                "POST rollback",
                "GET releases",
                "GET environment",
                "PUT environment",
                "GET secrets",
                "DELETE secrets/TOKEN",
                "GET versions",
                "GET versions/1",
                "DELETE versions/1",
                "GET canary",
                "PUT canary",
                "DELETE canary",
                "POST canary/promote",
            )
        },
        "GET job": f"/v1/jobs/{job.id}",
        "GET download of job": f"/v1/jobs/{job.id}/download",
        "POST start of job": f"/v1/jobs/{job.id}/start",
        "POST cancel of job": f"/v1/jobs/{job.id}/cancel",
        "GET event": "/v1/events/evt_theirs",
        "POST version": "/v1/functions/theirs/versions",
        "POST retry of run": "/v1/runs/run_1/retry",
        "POST replay of runs": "/v1/functions/live/replay",
        "GET replays of runs": "/v1/functions/live/replays",
        "GET replay of runs": f"/v1/functions/live/replays/{runs}",
        "POST cancel of runs": f"/v1/functions/live/replays/{runs}/cancel",
        "GET replays": f"/v1/webhooks/{hook}/replays",
        "GET replay": f"/v1/webhooks/{hook}/replays/{replay}",
        "POST cancel": f"/v1/webhooks/{hook}/replays/{replay}/cancel",
        "POST replay": f"/v1/webhooks/{hook}/replay",
        "POST rotation": f"/v1/webhooks/{hook}/rotate-secret",
        "POST enable": f"/v1/webhooks/{hook}/enable",
        "POST disable": f"/v1/webhooks/{hook}/disable",
        "POST test": f"/v1/webhooks/{hook}/test",
        "GET loads": f"/v1/syncs/{sync}/runs",
        "GET delivery": f"/v1/deliveries/{delivery}",
        "POST retry": f"/v1/deliveries/{delivery}/retry",
        "GET profile": "/v1/profiles/theirs",
        "DELETE profile": "/v1/profiles/theirs",
        "GET subject": "/v1/profiles/theirs/subject",
        "GET timeline": "/v1/profiles/theirs/timeline",
        "PATCH profile": "/v1/profiles/theirs",
        "POST publish": "/v1/functions/theirs/publish",
        "PUT secret": "/v1/functions/theirs/secrets/TOKEN",
        "POST run": f"/v1/syncs/{sync}/run",
        "POST create of backfill": f"/v1/syncs/{sync}/backfill",
        "POST create of refresh": f"/v1/syncs/{sync}/refresh",
        "GET sync": f"/v1/syncs/{sync}",
        "PATCH sync": f"/v1/syncs/{sync}",
        "DELETE sync": f"/v1/syncs/{sync}",
        "POST pause of sync": f"/v1/syncs/{sync}/pause",
        "POST resume of sync": f"/v1/syncs/{sync}/resume",
        "GET trace": "/v1/traces/evt_theirs",
        **{f"{w} transform": f"/v1/transforms/{transform}" for w in ("GET", "PATCH", "DELETE")},
        "POST dry run of transform": f"/v1/transforms/{transform}/dry-run",
        "GET versions of transform": f"/v1/transforms/{transform}/versions",
        "POST revert of transform": f"/v1/transforms/{transform}/revert",
        **{f"{word} sync": f"/v1/syncs/{sync}" for word in ("GET", "PATCH", "DELETE")},
        **{f"POST {word} sync": f"/v1/syncs/{sync}/{word}" for word in ("pause", "resume")},
        "POST skip-gap of sync": f"/v1/syncs/{sync}/skip-gap",
    }
