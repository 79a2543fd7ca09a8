"""What has arrived is in the warehouse, once, however it came."""

import gzip
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from runtime.core.events.envelope import ProfileRef
from runtime.core.profiles import profile as profiles
from runtime.core.profiles.profile import Profile
from runtime.core.timestamps import timestamp
from runtime.core.warehouse import plan
from runtime.core.warehouse.plan import Load, LoadState
from runtime.core.warehouse.sync import DestinationKind
from runtime.errors import Permanent
from tests.builders import an_event
from tests.warehouse import START, World
from tests.warehouse_records import a_sync


def _profile(**changes: object) -> Profile:
    given: dict[str, object] = {
        "id": "prf_1",
        "tenant": "acme",
        "revision": 1,
        "email": "ada@example.com",
        "properties": {"city": "Köln"},
        "updated_at": "2026-11-20T13:04:05.123Z",
    }
    return Profile(**given | changes)  # type: ignore[arg-type]


def test_events_and_profiles_land_with_their_values(world: World) -> None:
    """An analyst must find each field as the producer sent it, properties as an object."""
    world.syncs.add(a_sync())
    world.archive(an_event(properties={"value": 14.5, "sku": "CD-1"}))
    world.archive_profiles(_profile())
    (load,) = world.planner().sync_one("acme", "syn_1")
    assert (load.state, load.rows_in, load.rows_new) == (LoadState.LOADED, 2, 2)
    assert load.tables["events"].rows_in == 1
    (event,) = world.query("SELECT *, properties.value AS amount FROM penstock_acme.events")
    assert (event["id"], event["amount"], event["hops"]) == ("evt_1", "14.5", 0)
    assert event["received_at"] == "2026-11-20 13:04:05.123000"
    assert json.loads(event["profile"])["email"] == "ada@example.com"
    (profile,) = world.query("SELECT * FROM penstock_acme.profiles")
    assert json.loads(profile["properties"]) == {"city": "Köln"}
    assert profile["deleted"] is False


def test_a_row_that_comes_again_in_any_way_is_there_once(world: World) -> None:
    """Queues repeat: inside a batch, across batches of one load, and across loads."""
    world.syncs.add(a_sync())
    world.archive(an_event(id="a"), an_event(id="a"), an_event(id="b"))
    world.archive(an_event(id="b"), an_event(id="c"))
    world.planner().sync_one("acme", "syn_1")
    world.archive(an_event(id="c"), an_event(id="d"))
    (second,) = world.planner().sync_one("acme", "syn_1")
    assert world.ids() == ["a", "b", "c", "d"]
    assert (second.rows_in, second.rows_new) == (2, 1)


def test_the_copy_received_last_wins_whichever_arrives_first(world: World) -> None:
    """Arrival of batches is no order of events; the result must not depend on it."""
    world.syncs.add(a_sync())
    late = an_event(received_at="2026-11-20T14:00:00.000Z", properties={"value": 2})
    early = an_event(received_at="2026-11-20T13:00:00.000Z", properties={"value": 1})
    for copy in (late, early):
        world.archive(copy)
        world.planner().sync_one("acme", "syn_1")
    assert world.query("SELECT properties.value AS value FROM penstock_acme.events") == [
        {"value": "2"}
    ]


def test_a_person_has_one_spelling_in_both_tables(world: World) -> None:
    """Archives from before the door's rule hold NULs, which Redshift does not take."""
    world.syncs.add(a_sync())
    world.archive(an_event(profile=ProfileRef(id="a\0b")))
    world.archive_profiles(_profile(id="a\0b", external_id="e\0", email="\0x"), _profile(id="ab"))
    world.planner().sync_one("acme", "syn_1")
    joined = "SELECT e.id, p.profile_id FROM penstock_acme.events e JOIN penstock_acme.profiles p"
    assert world.query(f"{joined} ON e.profile_id = p.profile_id") == [
        {"id": "evt_1", "profile_id": "ab"}
    ]


def test_an_event_seven_days_late_is_loaded_like_any_other(world: World) -> None:
    """The cursor follows arrival, so event time can be anything."""
    world.syncs.add(a_sync())
    world.archive(an_event(id="new"))
    world.planner().sync_one("acme", "syn_1")
    world.pass_time(days=7)
    world.archive(an_event(id="old", occurred_at="2026-11-13T00:00:00.000Z"))
    world.planner().sync_one("acme", "syn_1")
    assert world.ids() == ["new", "old"]


def test_the_later_revision_of_a_profile_wins_and_a_deleted_one_stays_deleted(
    world: World,
) -> None:
    """A stream may hand over snapshots late; a deleted person must not come back with one."""
    world.syncs.add(a_sync())
    for profile in (
        _profile(revision=3, email="new@example.com"),
        _profile(revision=2, email="old@example.com"),
        _profile(id="prf_2", revision=5, deleted=True),
        _profile(id="prf_2", revision=4),
    ):
        world.archive_profiles(profile)
        world.planner().sync_one("acme", "syn_1")
    assert world.query(
        "SELECT profile_id, email, deleted FROM penstock_acme.profiles ORDER BY profile_id"
    ) == [
        {"profile_id": "prf_1", "email": "new@example.com", "deleted": False},
        {"profile_id": "prf_2", "email": None, "deleted": True},
    ]


def test_profiles_are_the_merged_view_whichever_snapshot_arrives_first(world: World) -> None:
    """The one that was merged vanishes like a deleted one, and an un-merge brings it back."""
    world.syncs.add(a_sync())
    loser = _profile(id="prf_2", revision=4)
    both = _profile(revision=2, merged_ids=("prf_2",), properties={"city": "Bonn"})
    redirect = replace(profiles.redirect(loser, into="prf_1"), revision=5)
    for snapshot in (redirect, loser, both, _profile()):
        world.archive_profiles(snapshot)
        world.planner().sync_one("acme", "syn_1")
    alive = (
        "SELECT profile_id, properties.city AS city FROM penstock_acme.profiles WHERE NOT deleted"
    )
    assert world.query(alive) == [{"profile_id": "prf_1", "city": '"Bonn"'}]
    (gone,) = world.query("SELECT email, properties FROM penstock_acme.profiles WHERE deleted")
    assert gone == {"email": None, "properties": "{}"}

    world.archive_profiles(replace(loser, revision=6))
    world.planner().sync_one("acme", "syn_1")
    assert len(world.query(alive)) == 2


def test_the_lake_has_a_merged_profile_as_a_deleted_one(world: World) -> None:
    """Who reads the Parquet files alone must not count a person twice."""
    world.syncs.add(a_sync(kind=DestinationKind.S3))
    loser = _profile(id="prf_2")
    world.archive_profiles(loser, _profile(merged_ids=("prf_2",)))
    world.planner().sync_one("acme", "syn_1")
    world.archive_profiles(profiles.stored(profiles.redirect(loser, into="prf_1")))
    world.planner().sync_one("acme", "syn_1")
    assert world.lake(
        "SELECT profile_id, deleted FROM lake"
        " QUALIFY ROW_NUMBER() OVER (PARTITION BY profile_id ORDER BY revision DESC) = 1"
        " ORDER BY profile_id",
        table="profiles",
    ) == [("prf_1", False), ("prf_2", True)]


def test_a_warehouse_has_the_properties_that_people_see(world: World) -> None:
    """What data transforms made covers what events said, as in the API and in functions."""
    world.syncs.add(a_sync())
    world.archive_profiles(_profile(properties={"city": "köln", "n": 1}, derived={"city": "Köln"}))
    world.planner().sync_one("acme", "syn_1")
    (row,) = world.query("SELECT properties FROM penstock_acme.profiles")
    assert json.loads(row["properties"]) == {"city": "Köln", "n": 1}


def test_rows_of_an_erased_profile_never_load(world: World) -> None:
    """An erasure is kept for good: late and replayed rows must not undo it."""
    world.syncs.add(a_sync())
    world.archive(an_event(id="first", profile=ProfileRef(id="prf_2")))
    world.planner().sync_one("acme", "syn_1")
    world.query(
        "INSERT INTO penstock_acme._erasures (profile_id, request_id, erased_at)"
        " VALUES ('prf_1', 'request', GETDATE())"
    )
    world.archive(
        an_event(id="late", profile=ProfileRef(id="prf_1")),
        an_event(id="other", profile=ProfileRef()),
    )
    world.archive_profiles(_profile())
    world.planner().sync_one("acme", "syn_1")
    assert world.ids() == ["first", "other"]
    assert world.query("SELECT * FROM penstock_acme.profiles") == []


def test_tenants_of_one_raw_batch_never_mix(world: World) -> None:
    """A batch holds everybody's rows, even under the same event id; a load only its tenant's."""
    world.syncs.add(a_sync())
    world.syncs.add(a_sync(tenant="globex"))
    world.archive(
        an_event(id="same", topic="metric.acme"),
        an_event(id="same", tenant="globex", topic="metric.globex"),
        an_event(id="only", tenant="globex"),
    )
    world.plan()
    world.work()
    assert world.ids("penstock_acme") == ["same"]
    assert world.ids("penstock_globex") == ["only", "same"]
    assert {key.split("/")[2] for key in world.keys("lake/")} == {"acme", "globex"}


def test_two_tenants_whose_names_make_one_schema_are_kept_apart(world: World) -> None:
    """`a-b` and `a_b` both give penstock_a_b: the second must be refused, not merged."""
    world.syncs.add(a_sync(tenant="a-b"))
    world.syncs.add(a_sync(tenant="a_b"))
    world.archive(an_event(id="1", tenant="a-b"), an_event(id="2", tenant="a_b"))
    world.plan()
    assert ["loaded", "stopped"] == sorted(line["state"] for line in world.work())
    (refused,) = [load for load in _latest_loads(world) if load.error]
    assert refused.error_code == "schema_taken"
    assert len(world.ids("penstock_a_b")) == 1


def _latest_loads(world: World) -> list[Load]:
    return [
        load
        for sync in world.syncs.enabled()
        for load in world.ledger().runs(sync.tenant, sync.id).items
    ]


def test_properties_too_long_for_redshift_are_kept_whole_elsewhere(world: World) -> None:
    """One fat event must not block a load, nor vanish: the row lands, its value is discarded."""
    world.syncs.add(a_sync())
    world.archive(an_event(id="fat", properties={"text": "é" * 40_000}), an_event(id="thin"))
    (load,) = world.planner().sync_one("acme", "syn_1")
    assert load.discarded == 1
    assert world.query(
        "SELECT id, properties IS NULL AS cut FROM penstock_acme.events ORDER BY id"
    ) == [{"id": "fat", "cut": True}, {"id": "thin", "cut": False}]
    (key,) = world.keys("discard/v1/acme/")
    body = world.s3.get_object(Bucket=world.name, Key=key)["Body"].read()
    discarded = json.loads(gzip.decompress(body))
    assert (discarded["key"], discarded["reason"]) == ("fat", "properties_too_long")


def test_a_sync_to_s3_writes_the_lake_alone(world: World) -> None:
    """Who has no Redshift gets Parquet, and nothing that waits for one."""
    world.syncs.add(a_sync(kind=DestinationKind.S3))
    world.archive(an_event())
    planner = world.planner()
    lake = planner.destinations[DestinationKind.S3]
    (load,) = replace(planner, destinations={DestinationKind.S3: lake}).sync_one("acme", "syn_1")
    assert (load.state, load.rows_in, load.versions) == (LoadState.LOADED, 1, "1.3")
    folder = "lake/v1/acme/syn_1"
    assert world.keys("lake/") == [
        f"{folder}/_manifests/{load.load_id}.json",
        f"{folder}/events/dt=2026-11-20/{load.load_id}.parquet",
        f"{folder}/messages/dt=2026-11-20/{load.load_id}.parquet",
    ]
    assert world.keys("stage/") == []


def test_a_run_without_news_is_no_load_and_says_until_when_all_is_loaded(world: World) -> None:
    """Whoever asked for a run must see that it ran; hours of silence must not pile up records."""
    world.syncs.add(a_sync())
    for _ in range(3):
        world.pass_time(hours=1)
        assert world.planner().sync_one("acme", "syn_1") == ()
    progress = world.progress()
    assert (progress.seq, progress.loaded_until) == (0, timestamp(world.clock()))
    assert world.runs() == ()


def test_a_load_moves_the_time_until_which_all_is_loaded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To when the planner looked, or to the last batch that it took where it left some behind."""
    monkeypatch.setattr(plan, "MAX_BATCHES", 1)
    world.syncs.add(a_sync(kind=DestinationKind.S3))
    for name in ("a", "b"):
        world.archive(an_event(id=name))
        world.pass_time(minutes=1)
    latest, first = world.planner().sync_one("acme", "syn_1")[::-1]
    assert first.arrived_until == timestamp(START)
    assert latest.arrived_until == timestamp(world.clock())
    assert world.progress().loaded_until == latest.arrived_until


def test_runs_lists_loads_newest_first_with_what_they_did(world: World) -> None:
    """The list is what a person reads when a number looks wrong."""
    world.syncs.add(a_sync())
    for n in range(2):
        world.archive(an_event(id=f"e{n}"))
        world.plan()
        world.work()
        world.pass_time(hours=1)
    newest, oldest = world.runs()
    assert newest.started_at > oldest.started_at
    assert (newest.trigger, newest.rows_new, newest.error) == ("schedule", 1, None)
    assert newest.finished_at is not None


def test_without_a_workgroup_a_redshift_sync_fails_by_name(world: World) -> None:
    """An admin who forgot the parameter must read its name in the sync's own record."""
    world.syncs.add(a_sync())
    world.archive(an_event())
    with pytest.raises(Permanent, match="RedshiftWorkgroup"):
        world.planner(workgroup="").sync_one("acme", "syn_1")
    (record,) = world.runs()
    assert record.error_code == "redshift_not_configured"


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_load_ends_whose_sync_is_paused_or_deleted_meanwhile_and_no_other_begins(
    world: World, monkeypatch: pytest.MonkeyPatch, *, is_deleted: bool
) -> None:
    """Neither half a load in the lake, nor a load that nobody wants any more."""
    monkeypatch.setattr(plan, "MAX_BATCHES", 1)
    sync = world.syncs.add(a_sync(kind=DestinationKind.S3))
    for name in ("a", "b"):
        world.archive(an_event(id=name))

    def stop(**_: object) -> None:
        if is_deleted:
            world.syncs.held.clear()
        else:
            world.syncs.add(replace(sync, enabled=False))

    world.client("s3").meta.events.register("before-call.s3.PutObject", stop)
    (load,) = world.planner().sync_one("acme", "syn_1")

    assert (load.state, load.last_seq) == (LoadState.LOADED, 1)
    assert not world.ledger().is_open("acme", "syn_1", now_ms=int(world.clock().timestamp() * 1000))


def test_a_paused_sync_loads_nothing_and_goes_on_where_it_stopped(world: World) -> None:
    """What arrives meanwhile waits; a run that was asked for before the pause is too late."""
    sync = world.syncs.add(a_sync())
    world.archive(an_event(id="a"))
    world.planner().sync_one("acme", "syn_1")
    world.syncs.add(replace(sync, enabled=False))
    world.archive(an_event(id="b"))

    assert world.planner().sync_one("acme", "syn_1") == ()
    assert world.plan() == 0
    assert world.ids() == ["a"]
    world.syncs.add(sync)
    (load,) = world.planner().sync_one("acme", "syn_1")
    assert (load.rows_new, world.ids()) == (1, ["a", "b"])


def test_one_failing_sync_does_not_stop_the_others(world: World) -> None:
    """I5: a broken destination is its tenant's trouble alone."""
    world.syncs.add(a_sync(schema="not a schema"))
    world.syncs.add(a_sync(tenant="globex"))
    world.archive(an_event(), an_event(tenant="globex"))
    world.plan()
    assert [("acme", "bad_schema"), ("globex", None)] == [
        (line["tenant"], line["code"]) for line in world.work()
    ]
    assert world.ids("penstock_globex") == ["evt_1"]


def test_a_new_sync_begins_with_what_the_raw_log_still_holds(world: World) -> None:
    """Raw objects expire; a sync made later must not look for them."""
    for day in range(5):
        world.archive(an_event(id=f"old-{day}"))
        world.pass_time(days=1)
    for key in world.keys("raw/"):
        world.s3.delete_object(Bucket=world.name, Key=key)
    world.pass_time(days=31)
    for name in ("new-1", "new-2"):
        world.archive(an_event(id=name))
    world.syncs.add(a_sync(created_at=timestamp(world.clock())))
    world.planner().sync_one("acme", "syn_1")
    assert world.ids() == ["new-1", "new-2"]


def test_a_new_sync_begins_where_the_installation_still_keeps_raw_batches(world: World) -> None:
    """An installation that keeps raw batches for three days has none of four days ago."""
    world.archive(an_event(id="expired"))
    world.s3.delete_object(Bucket=world.name, Key=world.keys("raw/")[0])
    world.pass_time(days=4)
    world.archive(an_event(id="kept"))
    world.syncs.add(a_sync(created_at=timestamp(world.clock())))
    planner = replace(world.planner(), raw_kept=timedelta(days=3))
    planner.sync_one("acme", "syn_1")
    assert world.ids() == ["kept"]


def test_a_dropped_schema_is_made_again(world: World) -> None:
    """Somebody restores or empties a warehouse: the sync must heal, not fail for ever."""
    world.syncs.add(a_sync())
    world.archive(an_event(id="a"))
    world.planner().sync_one("acme", "syn_1")
    world.query("DROP SCHEMA penstock_acme CASCADE")
    world.archive(an_event(id="b"))
    (failed,) = world.planner().sync_one("acme", "syn_1")
    assert (failed.state, failed.error_code) == (LoadState.FAILED, "missing_table")
    (load,) = world.planner().sync_one("acme", "syn_1")
    assert (load.state, load.attempt) == (LoadState.LOADED, 2)
    assert world.ids() == ["b"]
