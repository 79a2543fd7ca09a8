"""Syncs and profiles over the API."""

from runtime.core.profiles.profile import Profile
from runtime.core.warehouse.sync import DestinationKind
from tests.api_client import ApiClient
from tests.builders import a_profile, a_run, a_sync


def test_a_redshift_sync_has_the_tenants_own_schema(api: ApiClient) -> None:
    """Where the rows go must not be anybody's choice but ours: schemas are the boundary."""
    made = api.post("/v1/syncs", {"name": "warehouse", "kind": "redshift"})
    lake = api.post("/v1/syncs", {"name": "lake", "kind": "s3"})

    assert (201, f"penstock_{api.tenant}") == (made.status, made.json["schema"])
    assert "" == lake.json["schema"]
    by_id = sorted([made.json, lake.json], key=lambda sync: str(sync["id"]))
    assert by_id == api.get("/v1/syncs").json["data"]


def test_a_bad_sync_is_refused_by_field(api: ApiClient) -> None:
    """A destination that does not exist would load nothing for ever."""
    kind = api.post("/v1/syncs", {"name": "n", "kind": "snowflake"}).json
    name = api.post("/v1/syncs", {"name": "", "kind": "s3"}).json

    assert ("bad_field", "kind") == (kind["code"], kind["field"])
    assert ("bad_name", "name") == (name["code"], name["field"])


def test_a_new_sync_has_no_loads_and_an_unknown_one_is_unknown(api: ApiClient) -> None:
    """None yet and no such thing are different answers."""
    sync = api.post("/v1/syncs", {"name": "lake", "kind": "s3"}).json["id"]

    assert {"data": [], "next_cursor": None} == api.get(f"/v1/syncs/{sync}/runs").json
    assert "sync_not_found" == api.get("/v1/syncs/syn_x/runs").json["code"]
    assert "sync_not_found" == api.post("/v1/syncs/syn_x/run").json["code"]


def test_a_disabled_sync_is_not_started(api: ApiClient) -> None:
    """Somebody has switched it off for a reason."""
    sync = a_sync(tenant=api.tenant, kind=DestinationKind.S3, enabled=False)
    api.application.syncs.store.add(sync)

    answer = api.post(f"/v1/syncs/{sync.id}/run")

    assert (409, "sync_disabled") == (answer.status, answer.json["code"])


def test_a_sync_that_cannot_be_started_may_be_tried_again(api: ApiClient) -> None:
    """A platform fault is answered as one: 503, try again, with no word on our insides."""
    sync = api.post("/v1/syncs", {"name": "lake", "kind": "s3"}).json["id"]

    answer = api.post(f"/v1/syncs/{sync}/run")  # in this account there is no such Lambda

    assert (503, "aws_unavailable") == (answer.status, answer.json["code"])
    assert "2" == answer.headers["retry-after"]


def test_a_profile_is_shown_without_its_bookkeeping(api: ApiClient) -> None:
    """Stamps are ours; the properties are the tenant's."""
    profile = stored(api, a_profile(tenant=api.tenant))

    shown = api.get(f"/v1/profiles/{profile.id}").json

    assert ({"first_name": "Ada"}, "ada@example.com") == (shown["properties"], shown["email"])
    assert not {"stamps", "tenant", "deleted"} & set(shown)


def test_a_deleted_profile_looks_like_none(api: ApiClient) -> None:
    """Deleted means deleted, though we keep what stops a late event from reviving it."""
    profile = stored(api, a_profile(tenant=api.tenant, deleted=True))

    assert 404 == api.get(f"/v1/profiles/{profile.id}").status
    assert 404 == api.newcomer().get(f"/v1/profiles/{profile.id}").status


def test_a_functions_runs_are_listed_newest_first(api: ApiClient) -> None:
    """Logs and errors of the last runs are what a developer looks for."""
    api.post("/v1/functions", {"name": "vip-orders"})
    for n in range(3):
        run = a_run(
            id=f"run_{n}",
            tenant=api.tenant,
            created_at=f"2026-11-20T13:04:0{n}.000Z",
            logs=({"message": "seen", "fields": {}, "at_ms": 1},),
        )
        api.cloud.runs.commit(run)

    first = api.get("/v1/functions/vip-orders/runs", limit=2).json
    rest = api.get("/v1/functions/vip-orders/runs", limit=2, cursor=first["next_cursor"]).json

    assert ["run_2", "run_1", "run_0"] == [run["id"] for run in first["data"] + rest["data"]]
    assert "seen" == first["data"][0]["logs"][0]["message"]


def stored(api: ApiClient, profile: Profile) -> Profile:
    """The profile, put where the API reads it."""
    assert api.cloud.profiles.replace(profile, read_revision=0)
    return profile
