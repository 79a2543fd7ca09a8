"""Loads, erasures and archives meet at the files of many people, and nobody comes back."""

from contextlib import suppress
from dataclasses import replace

import pytest

from runtime.core.erasure.erasure import Stage
from runtime.core.events.envelope import ProfileRef
from runtime.core.ids import Key
from runtime.core.jobs.job import JobState
from runtime.core.warehouse.plan import LoadState
from runtime.core.warehouse.sync import DestinationKind
from runtime.usecases.erasure.erase_files import BUSY_S, FilesPage
from tests.builders import TENANT, a_profile, an_event
from tests.cloud import RETENTION_DAYS
from tests.erased_files import erase_files, file_rows
from tests.erasure_world import ADA, BOB, SECOND_LOOK_S
from tests.erasure_world import World as Installation
from tests.planner_deaths import Death, Killed
from tests.warehouse import World
from tests.warehouse_records import a_sync

ERASED = ProfileRef(id="ada")
NEIGHBOUR = ProfileRef(id="bob")


def test_a_sync_that_begins_later_loads_nothing_of_an_erased_person(
    installation: Installation,
) -> None:
    """It loads everything that the raw log keeps, into a schema that knows of no erasure."""
    world = installation.warehouse
    installation.erase(ADA)

    world.syncs.held.clear()
    for sync_id, kind in (("syn_2", DestinationKind.REDSHIFT), ("syn_3", DestinationKind.S3)):
        world.syncs.add(a_sync(id=sync_id, kind=kind, schema="later"))
        (load,) = world.planner().sync_one(TENANT, sync_id)
        assert load.state is LoadState.LOADED

    assert [] == installation.traces(ADA)
    texts = [str(row) for row in world.query("SELECT * FROM later.events")]
    assert texts
    assert not [text for text in texts if ADA.word in text]
    assert [at for at in installation.traces(BOB) if at.startswith("lake/v1/acme/syn_3/")]


def test_the_job_waits_while_a_load_is_under_way(installation: Installation) -> None:
    """The load has read the raw log before the person was taken out, and publishes her rows."""
    world = installation.warehouse
    installation.request(ADA)
    now_ms = int(installation.clock().timestamp() * 1000)
    lease = world.ledger().acquire(TENANT, "syn_1", now_ms=now_ms, lease_ms=3_600_000)
    for _ in range(3):
        installation.clock.advance(SECOND_LOOK_S + 1)
        installation.work()
    (job,) = installation.cloud.jobs.list(TENANT).items
    assert JobState.RUNNING is job.state
    assert [at for at in installation.traces(ADA) if at.startswith("lake/")]

    world.ledger().release(lease)
    installation.clock.advance(BUSY_S)
    installation.work()

    (job,) = installation.cloud.jobs.list(TENANT).items
    assert JobState.DONE is job.state
    assert [] == installation.traces(ADA)


@pytest.mark.parametrize("kind", [DestinationKind.S3, DestinationKind.REDSHIFT])
def test_a_load_that_was_killed_before_the_erasure_goes_on_without_the_person(
    world: World, kind: DestinationKind
) -> None:
    """At whichever call it died: its batches are others now, and its files must fit them."""
    event = an_event(profile=ERASED, properties={"note": "word-of-ada"})
    world.syncs.add(a_sync(kind=kind))
    world.archive(an_event(id="first", profile=NEIGHBOUR))
    world.planner().sync_one(TENANT, "syn_1")
    for at in range(1, 40):
        # Every second load is of nobody else, so nothing of it is left.
        world.archive(event, *([an_event(id=f"b{at}", profile=NEIGHBOUR)] if at % 2 else []))
        death = Death(at=at, after_effect=True)
        with suppress(Killed):
            world.planner(death).sync_one(TENANT, "syn_1")
        world.death = None
        world.pass_time(minutes=17)

        erase_files(world, "ada")
        loads = world.planner().sync_one(TENANT, "syn_1")

        assert all(load.finished_at and not load.error for load in loads)
        assert [] == [at for at, row in file_rows(world).items() if "word-of-ada" in row]
        if not death.dead:
            break
    else:
        pytest.fail("a run makes more calls than this test kills")
    lake = world.lake("SELECT DISTINCT id FROM lake", table="events")
    assert {(f"b{n}",) for n in range(1, at + 1, 2)} | {("first",)} == set(lake)


def test_that_a_profile_is_deleted_stays_in_the_lake(world: World) -> None:
    """So whoever copies the lake learns of it, and the daily comparison misses nothing."""
    alive = a_profile(id="ada", revision=1, properties={"note": "word-of-ada"})
    world.syncs.add(a_sync(kind=DestinationKind.S3))
    for snapshot in (alive, replace(alive, revision=2, deleted=True)):
        world.archive_profiles(snapshot)
        world.planner().sync_one(TENANT, "syn_1")

    removed = erase_files(world, "ada")[Stage.LAKE].rows

    assert removed == 1 + len(alive.names)
    assert [] == [at for at, row in file_rows(world).items() if "word-of-ada" in row]
    assert world.lake("SELECT profile_id, revision, deleted FROM lake", table="profiles") == [
        ("ada", 2, True)
    ]


def test_of_two_erasures_that_meet_at_one_batch_neither_brings_the_other_back(
    world: World,
) -> None:
    """Each has read the batch with both people in it."""
    world.archive(an_event(id="a", profile=ERASED), an_event(id="b", profile=NEIGHBOUR))
    *_, batch = world.raw_log().since(0)
    ever = "2026-01-01T00:00:00.000Z"
    met: list[int] = []

    def meet(**_: object) -> None:
        if not met:
            met.append(0)  # first, because the other's own write comes by here too
            met.append(world.raw_log().take_out(batch.seq, {Key(TENANT, "bob")}, kept_since=ever))

    world.client("s3").meta.events.register("before-send.s3.PutObject", meet)
    removed = world.raw_log().take_out(batch.seq, {Key(TENANT, "ada")}, kept_since=ever)

    *_, after = world.raw_log().since(0)
    assert ([0, 1], 1) == (met, removed)
    assert ([], {"acme": 0}) == (world.rows(after), after.counts)


def test_what_is_from_before_there_were_indexes_is_looked_into(
    world: World,
) -> None:
    """Batches and files that were written by older code have none."""
    world.syncs.add(a_sync(kind=DestinationKind.S3))
    world.archive(an_event(profile=ERASED))
    world.planner().sync_one(TENANT, "syn_1")
    *_, batch = world.raw_log().since(0)
    world.client("dynamodb").update_item(
        TableName=world.name,
        Key={"pk": {"S": "raw"}, "sk": {"S": f"{batch.seq:012d}"}},
        UpdateExpression="REMOVE people",
    )
    world.s3.delete_object(Bucket=world.name, Key=world.keys("people/")[0])

    erase_files(world, "ada")

    assert not [row for row in file_rows(world).values() if '"ada"' in row]


def test_an_erasure_gives_no_batch_a_longer_life(world: World) -> None:
    """S3 counts a lifecycle from when an object was written, so each rewriting begins it anew."""
    world.archive(*(an_event(id=name, profile=ProfileRef(id=name)) for name in ("ada", "bob")))
    (batch,) = world.raw_log().since(0)
    world.pass_time(days=RETENTION_DAYS - 1)
    assert erase_files(world, "ada")[Stage.RAW_LOG].rows == 1
    assert [row["id"] for row in world.rows(batch)] == ["bob"]

    world.pass_time(days=RETENTION_DAYS)  # a neighbour is erased from what should have expired
    erase_files(world, "bob")
    assert world.rows(batch) == []


def test_a_batch_whose_object_has_expired_holds_nobody(
    world: World,
) -> None:
    """The ledger remembers batches longer than the bucket keeps them."""
    world.archive(an_event(profile=ERASED))
    *_, batch = world.raw_log().since(0)
    world.s3.delete_object(Bucket=world.name, Key=batch.key)
    assert FilesPage() == erase_files(world, "ada")[Stage.RAW_LOG]
