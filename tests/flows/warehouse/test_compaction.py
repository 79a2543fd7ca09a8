"""Many small files of the lake become one, and whoever dies meanwhile loses and doubles no row."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.events.envelope import ProfileRef
from runtime.core.ids import Key
from runtime.core.warehouse import compaction, tables
from runtime.core.warehouse.compaction import SMALL_BYTES, TARGET_BYTES, Stored
from runtime.core.warehouse.sync import DestinationKind
from runtime.stores.warehouse.compactions import Compactions
from runtime.stores.warehouse.lake_files import LakeFiles
from runtime.stores.warehouse.lake_query import LakeQuery
from runtime.usecases.warehouse.compact_lake import Compacted, CompactLake
from tests.builders import an_event
from tests.lake_manifests import manifests, problems, unnamed
from tests.planner_deaths import Death, Killed
from tests.warehouse import World
from tests.warehouse_records import a_sync

TOMORROW = "2026-11-21"
EVENTS = "lake/v1/acme/syn_1/events/dt=2026-11-20/"


def _compact(world: World, before: str = TOMORROW, *, budget_s: float = 60) -> Compacted:
    return CompactLake(
        files=Compactions(bucket=world.raw_log().bucket, scratch=world.folder),
        leases=world.ledger(),
        clock=world.clock,
        budget_s=budget_s,
        lease_ms=60_000,
    )(before)


def _load(world: World, name: str) -> None:
    world.archive(an_event(id=name, topic="metric.a", profile=ProfileRef(id=f"prf_{name[-1]}")))
    world.planner().sync_one("acme", "syn_1")


def _rows(world: World) -> list[tuple[object, ...]]:
    return world.lake("SELECT id, profile_id, topic FROM lake ORDER BY ALL", table="events")


@pytest.fixture
def lake(world: World) -> World:
    """A world with a lake, into which three loads have gone."""
    world.syncs.add(a_sync(kind=DestinationKind.S3))
    for name in ("e3", "e1", "e2"):
        _load(world, name)
    return world


def test_a_day_of_loads_becomes_one_file_with_every_row(lake: World) -> None:
    """Sorted by the person, with an index of all people; what reads the lake finds it."""
    before = _rows(lake)

    done = _compact(lake)

    (key,) = lake.keys(EVENTS)
    assert (3, 1, 0) == (done.files_before, done.files_after, done.syncs_left)
    assert before == _rows(lake)
    assert ["prf_1", "prf_2", "prf_3"] == [row["profile_id"] for row in lake.file_rows(key)]
    files = LakeFiles(bucket=lake.raw_log().bucket, scratch=lake.folder)
    assert files.may_hold(key, [Key("acme", "prf_2")])
    assert not files.may_hold(key, [Key("acme", "prf_4")])
    assert files.take_out(key, [Key("acme", "prf_2")]) == 1
    query = LakeQuery(bucket=lake.raw_log().bucket, tenant="acme")
    assert query.query("SELECT COUNT(*) FROM events", limit=1, wait_s=60).rows == ((2,),)
    assert Compacted() == _compact(lake)
    assert lake.keys("compaction/") == []
    assert ([], set()) == (problems(lake), unnamed(lake))


def test_what_was_merged_is_merged_again_and_its_manifest_names_every_load(lake: World) -> None:
    """Whoever copies the lake load by load must see which of them are in a file of several."""
    assert _compact(lake).files_after == 1
    for name in ("e4", "e5"):
        lake.archive(an_event(id=name, topic="message.sms.sent", profile=ProfileRef(id="prf_9")))
        lake.planner().sync_one("acme", "syn_1")

    _compact(lake)

    loads = [load.load_id for load in lake.runs()]
    merged = {each["files"][0]["table"]: set(each["merged"]) for each in manifests(lake)}
    later = {load.load_id for load in lake.runs() if load.tables.get("messages")}
    assert (5, 2) == (len(set(loads)), len(later))
    assert {"events": set(loads), "messages": later} == merged
    assert ([], set()) == (problems(lake), unnamed(lake))


def test_what_still_comes_and_what_is_large_enough_stays(lake: World) -> None:
    """A day has to end first; and a sync that loads is left for the next day."""
    assert Compacted() == _compact(lake, "2026-11-20")
    assert Compacted(syncs_left=1) == _compact(lake, budget_s=0)
    now_ms = int(lake.clock().timestamp() * 1000)
    lease = lake.ledger().acquire("acme", "syn_1", now_ms=now_ms, lease_ms=60_000)
    assert Compacted(syncs_left=1) == _compact(lake)
    lake.ledger().release(lease)
    assert 3 == len(lake.keys(EVENTS))


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
def test_a_kill_at_any_call_loses_and_doubles_no_row(lake: World, *, after_effect: bool) -> None:
    """The next one reads in a note what was under way."""
    bucket = lake.raw_log().bucket
    small = {key: bucket.get(key) for key in (*lake.keys("lake/"), *lake.keys("people/"))}
    before = _rows(lake)
    loads = [{load.load_id for load in lake.runs()}]
    for at in range(1, 60):
        for key in (*lake.keys("lake/"), *lake.keys("people/")):
            bucket.delete(key)
        for key, body in small.items():
            bucket.put(key, body)
        lake.death = Death(at=at, after_effect=after_effect)
        with suppress(Killed):
            _compact(lake)
        died, lake.death = lake.death.dead, None
        lake.pass_time(minutes=2)

        _compact(lake)

        assert before == _rows(lake)
        assert (1, 1) == (len(lake.keys(EVENTS)), len(lake.keys("people/")))
        assert loads == [set(each["merged"]) for each in manifests(lake)]
        assert ([], set()) == (problems(lake), unnamed(lake))
        if not died:
            return
    pytest.fail("a compaction makes more calls than this test kills")


def test_a_load_that_is_open_keeps_its_files(lake: World) -> None:
    """It may write them again, and its rows would then be there twice."""
    lake.archive(an_event(id="open", topic="metric.a", profile=ProfileRef(id="prf_9")))
    death = Death()
    with suppress(Killed):
        lake.planner(death).sync_one("acme", "syn_1")
    last = death.named.index("TransactWriteItems", death.named.index("PutObject"))
    lake.archive(an_event(id="killed", topic="metric.a", profile=ProfileRef(id="prf_8")))
    with suppress(Killed):
        lake.planner(Death(at=last + 1)).sync_one("acme", "syn_1")
    lake.death = None
    lake.pass_time(minutes=17)
    assert 5 == len(lake.keys(EVENTS))

    assert 4 == _compact(lake).files_before
    lake.planner().sync_one("acme", "syn_1")

    assert 5 == len(_rows(lake)) == len(set(_rows(lake)))


_FILES = st.lists(
    st.builds(
        Stored,
        st.builds(
            "lake/v1/acme/syn_1/{}/dt={}/{}.parquet".format,
            st.sampled_from(["events", "profiles", "later_table"]),
            st.sampled_from(["2026-11-19", "2026-11-20"]),
            st.integers(0, 30),
        ),
        st.integers(1, TARGET_BYTES * 2),
    ),
    unique_by=lambda file: file.key,
    max_size=40,
)


@given(files=_FILES)
def test_merges_are_of_small_files_of_one_table_and_day_within_the_target(
    files: list[Stored],
) -> None:
    """And leave no two files that would fit into one, next to each other in their order."""
    sizes = {file.key: file.size_bytes for file in files}
    merges = compaction.merges(files, before="2026-11-20", except_loads=["7"])
    inputs = [key for merge in merges for key in merge.inputs]
    assert len(inputs) == len(set(inputs))
    for merge in merges:
        assert len(merge.inputs) > 1
        assert len({key.rpartition("/")[0] for key in (*merge.inputs, merge.output)}) == 1
        assert sum(sizes[key] for key in merge.inputs) <= TARGET_BYTES
        assert all(sizes[key] < SMALL_BYTES for key in merge.inputs)
        assert all(
            "dt=2026-11-19" in key and not key.endswith("/7.parquet") for key in merge.inputs
        )
        assert merge.table is tables.BY_NAME[merge.inputs[0].split("/")[4]]
