"""Syncs and profiles over the API."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions import api as api_function
from runtime.core.profiles.profile import Profile
from runtime.core.timestamps import timestamp
from runtime.core.warehouse import health
from runtime.core.warehouse.gap import Gap
from runtime.core.warehouse.health import Health, Problem
from runtime.core.warehouse.messages import SyncMessage, parse_sync
from runtime.core.warehouse.plan import Lease
from runtime.stores.queues import Hints
from runtime.stores.tables import keys
from tests.api_client import ApiClient
from tests.api_people import NoLambda
from tests.builders import NOW, a_profile, a_run
from tests.overtaking import overtaken_by
from tests.warehouse_records import a_load


def test_a_redshift_sync_has_the_tenants_own_schema(api: ApiClient) -> None:
    """Where the rows go must not be anybody's choice but ours: schemas are the boundary."""
    made = api.post("/v1/syncs", {"name": "warehouse", "kind": "redshift"})
    lake = api.post("/v1/syncs", {"name": "lake", "kind": "s3"})

    assert (201, f"penstock_{api.tenant}") == (made.status, made.json["schema"])
    assert "" == lake.json["schema"]
    by_id = sorted([made.json, lake.json], key=lambda sync: str(sync["id"]))
    assert [*map(new, by_id)] == api.get("/v1/syncs").json["data"]


def test_a_bad_sync_is_refused_by_field(api: ApiClient) -> None:
    """A destination that does not exist would load nothing for ever."""
    kind = api.post("/v1/syncs", {"name": "n", "kind": "oracle"}).json
    name = api.post("/v1/syncs", {"name": "", "kind": "s3"}).json

    assert ("bad_field", "kind") == (kind["code"], kind["field"])
    assert ("bad_name", "name") == (name["code"], name["field"])


def test_a_sync_has_the_schedule_that_it_was_given_last(api: ApiClient) -> None:
    """Hourly if nobody says anything, as it was before there were schedules."""
    made = api.post("/v1/syncs", {"name": "lake", "kind": "s3"}).json
    path = f"/v1/syncs/{made['id']}"
    nightly = "daily at 03:30 Europe/Berlin"

    changed = api.call("PATCH", path, {"schedule": nightly}).json
    born = api.post("/v1/syncs", {"name": "n", "kind": "s3", "schedule": "manual"}).json

    assert ("every 60 minutes", nightly, "manual") == (
        made["schedule"],
        changed["schedule"],
        born["schedule"],
    )
    assert made["etag"] != changed["etag"]
    assert nightly == api.get(path).json["schedule"]
    for text in ("every 7 minutes", "daily at 03:30 Europe/Nowhere", "hourly", ""):
        refused = api.call("PATCH", path, {"schedule": text})
        assert (422, "bad_schedule", "schedule") == (
            refused.status,
            refused.json["code"],
            refused.json["field"],
        )


def test_a_sync_of_before_there_were_schedules_is_hourly_and_can_be_changed(api: ApiClient) -> None:
    """Its item has no such attribute, and a change is made of the item as it stands."""
    made = api.post("/v1/syncs", {"name": "lake", "kind": "s3"}).json
    stored = api.application.syncs.store.config.find(api.tenant, keys.sync(made["id"]))
    assert stored is not None

    changed = api.call("PATCH", f"/v1/syncs/{made['id']}", {"schedule": "manual"})

    assert "schedule" not in stored
    assert (200, "every 60 minutes", "manual") == (
        changed.status,
        made["schedule"],
        changed.json["schedule"],
    )


def test_a_new_sync_has_no_loads_and_an_unknown_one_is_unknown(api: ApiClient) -> None:
    """None yet and no such thing are different answers."""
    sync = api.post("/v1/syncs", {"name": "lake", "kind": "s3"}).json["id"]

    assert {"data": [], "next_cursor": None} == api.get(f"/v1/syncs/{sync}/runs").json
    assert "sync_not_found" == api.get("/v1/syncs/syn_x/runs").json["code"]
    assert "sync_not_found" == api.post("/v1/syncs/syn_x/run").json["code"]


def test_a_sync_is_shown_renamed_and_as_it_was_otherwise(api: ApiClient) -> None:
    """A name is for people; nothing that decides where rows go may change with it."""
    made = api.post("/v1/syncs", {"name": "lake", "kind": "s3"}).json
    path = f"/v1/syncs/{made['id']}"

    renamed = api.call("PATCH", path, {"name": "archive"})

    expected = {**made, "name": "archive", "etag": renamed.json["etag"]}
    assert (200, expected) == (renamed.status, renamed.json)
    assert new(renamed.json) == api.get(path).json
    assert renamed.json == api.call("PATCH", path, {}).json
    for body, code in (({"name": ""}, "bad_name"), ({"kind": "redshift"}, "unknown_field")):
        refused = api.call("PATCH", path, body)
        assert (422, code) == (refused.status, refused.json["code"])
    assert new(renamed.json) == api.get(path).json


def test_a_paused_sync_is_not_started_until_it_is_resumed(api: ApiClient) -> None:
    """Somebody has paused it for a reason; who wants it to run says so first."""
    made = api.post("/v1/syncs", {"name": "lake", "kind": "s3"}).json
    path = f"/v1/syncs/{made['id']}"

    for _ in range(2):  # again changes nothing
        paused = api.post(f"{path}/pause").json
        assert {**made, "enabled": False, "etag": paused["etag"]} == paused
    answer = api.post(f"{path}/run")

    assert (409, "sync_paused") == (answer.status, answer.json["code"])
    assert made["id"] not in {sync.id for sync in api.application.syncs.store.enabled()}
    assert made == api.post(f"{path}/resume").json
    assert new(made) == api.get(path).json


def test_a_deleted_sync_is_gone(api: ApiClient) -> None:
    """The schedule must not find it either."""
    sync = api.post("/v1/syncs", {"name": "lake", "kind": "s3"}).json["id"]

    assert 204 == api.call("DELETE", f"/v1/syncs/{sync}").status

    assert [] == api.get("/v1/syncs").json["data"]
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/pause"), ("GET", "/runs")):
        gone = api.call(method, f"/v1/syncs/{sync}{path}", {} if method == "POST" else None)
        assert (404, "sync_not_found") == (gone.status, gone.json["code"])


def test_a_sync_is_deleted_with_an_open_load_by_force_only(api: ApiClient) -> None:
    """Nobody would bring the load to its end: half of its files might be in the lake for ever."""
    sync = api.post("/v1/syncs", {"name": "lake", "kind": "s3"}).json["id"]
    ledger = api.application.syncs.ledger
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    lease = ledger.acquire(api.tenant, sync, now_ms=now_ms, lease_ms=60_000)

    running = api.call("DELETE", f"/v1/syncs/{sync}")
    ledger.save(lease, a_load(tenant=api.tenant, sync_id=sync))
    ledger.release(lease)
    interrupted = api.call("DELETE", f"/v1/syncs/{sync}")

    assert (409, "load_open") == (running.status, running.json["code"])
    assert (409, "load_open") == (interrupted.status, interrupted.json["code"])
    assert 204 == api.call("DELETE", f"/v1/syncs/{sync}", query={"force": "true"}).status
    assert 404 == api.get(f"/v1/syncs/{sync}").status


def test_a_load_that_begins_at_the_moment_of_a_deletion_keeps_its_sync(api: ApiClient) -> None:
    """The look at the ledger and the deletion are one: nothing begins between the two."""
    sync = api.post("/v1/syncs", {"name": "lake", "kind": "s3"}).json["id"]
    syncs = api.application.syncs
    old, now_ms = syncs.store.get(api.tenant, sync), round(datetime.now(UTC).timestamp() * 1000)
    closed = syncs.ledger.closed(api.tenant, sync, now_ms=now_ms)

    lease = syncs.ledger.acquire(api.tenant, sync, now_ms=now_ms, lease_ms=60_000)

    assert not syncs.store.delete(old, closed)
    assert old == syncs.store.get(api.tenant, sync)
    syncs.ledger.release(lease)
    assert syncs.store.delete(old, closed)


def test_a_sync_shows_how_far_behind_it_is_and_what_to_do_about_its_last_error(
    api: ApiClient,
) -> None:
    """An admin must not have to read logs to know whether the warehouse can be trusted."""
    path, lease = a_planned_sync(api)
    api.application.syncs.ledger.tend(lease, failed(Problem("permission denied", "permission")))
    loaded_until = timestamp(datetime.now(UTC) - timedelta(minutes=2))
    api.application.syncs.ledger.advance(lease, seq=7, loaded_until=loaded_until)

    shown = api.get(path).json

    assert (loaded_until, True) == (shown["loaded_until"], 120 <= shown["behind_s"] < 180)
    how = shown["health"]
    assert (1, "permission denied", "permission") == (
        how["failures"],
        how["error"],
        how["error_code"],
    )
    assert "COPY role" in how["advice"]
    assert [shown] == [
        {**each, "behind_s": shown["behind_s"]} for each in api.get("/v1/syncs").json["data"]
    ]


def test_a_gap_is_shown_skipped_once_and_stays_on_record(api: ApiClient) -> None:
    """What was lost is somebody's decision, which the audit log has as well."""
    path, lease = a_planned_sync(api)
    ledger = api.application.syncs.ledger
    gap = Gap(first_seq=4, last_seq=5, batches=2, rows=812, arrived_from=NOW, arrived_until=NOW)
    ledger.tend(lease, failed(Problem("gone", "raw_gap"), gap=gap))

    busy = api.post(f"{path}/skip-gap", {"first_seq": 4})
    ledger.release(lease)
    other = api.post(f"{path}/skip-gap", {"first_seq": 5})
    skipped = api.post(f"{path}/skip-gap", {"first_seq": 4})
    again = api.post(f"{path}/skip-gap", {"first_seq": 4})

    assert [(409, "sync_busy"), (409, "no_such_gap"), (409, "no_such_gap")] == [
        (each.status, each.json["code"]) for each in (busy, other, again)
    ]
    [lost] = api.get(path).json["skipped"]
    assert {**asdict(gap), "skipped_at": lost["skipped_at"]} == lost
    assert (200, None) == (skipped.status, skipped.json["health"]["gap"])
    entries = api.get("/v1/audit", action="sync.gap_skipped").json["data"]
    assert ["refused", "done", "refused", "refused"] == [each["outcome"] for each in entries]


def test_changes_of_a_sync_at_the_same_moment_are_all_made(api: ApiClient) -> None:
    """Who renames a sync must not resume it for somebody who has just paused it."""
    sync = api.post("/v1/syncs", {"name": "lake", "kind": "s3"}).json["id"]
    path = f"/v1/syncs/{sync}"

    with overtaken_by(api, lambda: api.post(f"{path}/pause")) as paused:
        renamed = api.call("PATCH", path, {"name": "archive"})

    assert [200, 200] == [paused[0].status, renamed.status]
    shown = api.get(path).json
    assert ("archive", False) == (shown["name"], shown["enabled"])


def test_a_sync_that_is_asked_for_waits_on_the_queue(api: ApiClient) -> None:
    """Beside those of the schedule, so that as many run at once as the installation says."""
    sync = api.post("/v1/syncs", {"name": "lake", "kind": "s3"}).json["id"]

    answer = api.post(f"/v1/syncs/{sync}/run")

    assert (202, sync) == (answer.status, answer.json["id"])
    asked = [parse_sync(each["Body"]) for each in api.cloud.received("sync")]
    assert SyncMessage(tenant=api.tenant, sync_id=sync, trigger="api") in asked


def test_a_backfill_is_a_job_over_what_the_sync_has_loaded(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has not loaded it loads by itself; a backfill of that would only come in its way."""
    path = f"/v1/syncs/{api.post('/v1/syncs', {'name': 'lake', 'kind': 's3'}).json['id']}"
    syncs = api.application.syncs
    backfill = replace(syncs.backfill, starter=NoLambda())
    application = replace(api.application, syncs=replace(syncs, backfill=backfill))
    monkeypatch.setattr(api_function, "_application", lambda: application)

    early = api.post(f"{path}/backfill", {})
    lease = syncs.ledger.acquire(api.tenant, path.rsplit("/", maxsplit=1)[-1], now_ms=0, lease_ms=1)
    syncs.ledger.advance(lease, seq=3)
    made = api.post(f"{path}/backfill", {})
    wrong = api.post(f"{path}/backfill", {"since": "yesterday"})

    assert (409, "nothing_to_backfill") == (early.status, early.json["code"])
    assert (422, "bad_time", "since") == (wrong.status, wrong.json["code"], wrong.json["field"])
    job = made.json
    assert (202, "sync_backfill", 0, 3) == (made.status, job["kind"], job["done"], job["total"])
    assert job == api.get(f"/v1/jobs/{job['id']}").json
    assert "cancelled" == api.post(f"/v1/jobs/{job['id']}/cancel").json["state"]


def test_a_refresh_is_a_job_over_a_table_of_a_warehouse(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lake has no tables, and a table that follows another comes with it."""
    syncs = api.application.syncs
    refresh = replace(syncs.refresh, starter=NoLambda())
    application = replace(api.application, syncs=replace(syncs, refresh=refresh))
    monkeypatch.setattr(api_function, "_application", lambda: application)
    lake, warehouse = (
        f"/v1/syncs/{api.post('/v1/syncs', {'name': 'n', 'kind': kind}).json['id']}/refresh"
        for kind in ("s3", "redshift")
    )

    made = api.post(warehouse, {"table": "events"})
    child = api.post(warehouse, {"table": "messages"})
    of_lake = api.post(lake, {"table": "events"})

    assert (409, "no_tables") == (of_lake.status, of_lake.json["code"])
    assert (422, "bad_table", "table") == (child.status, child.json["code"], child.json["field"])
    assert "refresh events" in child.json["detail"]
    job = made.json
    assert (202, "sync_refresh", 0, None) == (made.status, job["kind"], job["done"], job["total"])
    assert job == api.get(f"/v1/jobs/{job['id']}").json


def test_a_sync_that_cannot_be_asked_for_may_be_tried_again(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform fault is answered as one: 503, try again, with no word on our insides."""
    sync = api.post("/v1/syncs", {"name": "lake", "kind": "s3"}).json["id"]
    queue = api.cloud.queue(f"gone-{api.tenant}")
    api.cloud.clients.sqs.delete_queue(QueueUrl=queue.url)
    trigger = replace(api.application.syncs.trigger, queue=Hints(queue=queue))
    application = replace(api.application, syncs=replace(api.application.syncs, trigger=trigger))
    monkeypatch.setattr(api_function, "_application", lambda: application)

    answer = api.post(f"/v1/syncs/{sync}/run")

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


def new(sync: dict[str, Any]) -> dict[str, Any]:
    """A sync as it is shown before its first run."""
    return {**sync, "loaded_until": None, "behind_s": None, "health": None, "skipped": []}


def a_planned_sync(api: ApiClient) -> tuple[str, Lease]:
    """The path of a sync, and the lease of its planner."""
    sync = api.post("/v1/syncs", {"name": "lake", "kind": "s3"}).json["id"]
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    ledger = api.application.syncs.ledger
    return f"/v1/syncs/{sync}", ledger.acquire(api.tenant, sync, now_ms=now_ms, lease_ms=60_000)


def failed(problem: Problem, *, gap: Gap | None = None) -> Health:
    """How a sync does whose first run failed."""
    return health.failed(Health(), problem, at=NOW, gap=gap)


def stored(api: ApiClient, profile: Profile) -> Profile:
    """The profile, put where the API reads it."""
    api.cloud.keep(profile)
    return profile
