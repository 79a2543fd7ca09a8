"""What the sync relies on in its stores: first writers win, numbers have no gap, fences hold."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from moto import mock_aws

from runtime.core.archive import raw_log
from runtime.core.archive.raw_log import Kind
from runtime.core.events.envelope import Event
from runtime.core.timestamps import timestamp
from runtime.core.warehouse.dialects.redshift import DIALECT, MAX_PROPERTIES_BYTES
from runtime.core.warehouse.plan import Load, LoadState, Rendered, StatementState, TableCount
from runtime.core.warehouse.progress import Progress
from runtime.errors import Conflict, NotFound, Permanent, Transient
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse.parquet import Writer
from runtime.stores.warehouse.redshift.data_api import DataApi
from tests.builders import an_event
from tests.warehouse import World

MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def _aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def world(tmp_path: Path, _aws: None) -> Iterator[World]:
    """An installation of its own."""
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def load() -> Load:
    """A load that has just been planned."""
    return Load(
        tenant="acme",
        sync_id="syn_1",
        load_id="a" * 32,
        trigger="schedule",
        first_seq=1,
        last_seq=3,
        state=LoadState.PLANNED,
        versions="1.1",
        started_at="2026-11-20T13:04:05.123Z",
    )


def _bucket(world: World) -> Bucket:
    return Bucket(client=world.client("s3"), name=world.name)


def test_the_first_writer_of_a_key_wins(world: World) -> None:
    """An object that changed under a running COPY would load other rows than were planned."""
    bucket = _bucket(world)
    assert bucket.put_once("key", b"first")
    assert not bucket.put_once("key", b"second")
    assert world.s3.get_object(Bucket=world.name, Key="key")["Body"].read() == b"first"


def test_of_two_that_replace_an_object_one_has_to_begin_again(world: World) -> None:
    """Each has taken out its own rows of what it read: the second would bring back the first's."""
    bucket = _bucket(world)
    bucket.put("key", b"both")
    read = bucket.read("key")
    assert read is not None
    assert bucket.replace("key", b"one", old=read)
    assert not bucket.replace("key", b"other", old=read)
    assert bucket.get("key") == b"one"
    assert bucket.read("gone") is None
    assert not bucket.replace("gone", b"other", old=read)


def test_keys_and_folders_are_listed_in_order_from_a_place_on(world: World) -> None:
    """A walk through millions of files goes on where it stopped."""
    bucket = _bucket(world)
    for key in ("lake/b/2", "lake/a/1", "lake/b/1", "other/c/1"):
        bucket.put(key, b"")
    assert list(bucket.under("lake/", after="lake/a/1")) == ["lake/b/1", "lake/b/2"]
    assert list(bucket.folders("lake/")) == ["a", "b"]


def test_a_missing_object_is_not_found(world: World, tmp_path: Path) -> None:
    """Trying again brings nothing back."""
    with pytest.raises(NotFound):
        _bucket(world).fetch("nope", to=tmp_path / "file")


def test_archivers_at_the_same_time_leave_no_gap_and_no_double_number(world: World) -> None:
    """Lambda runs several; one may take the number between the other's look and its write."""
    log = world.raw_log()
    mine, theirs = (raw_log.encode_events([an_event(id=name)]) for name in ("mine", "theirs"))
    overtaken: list[int] = []

    def overtake(**_: object) -> None:
        if not overtaken:
            overtaken.append(0)  # first, because the other's own write comes by here too
            overtaken.append(log.append(theirs, now=world.clock()))

    world.client("dynamodb").meta.events.register(
        "before-send.dynamodb.TransactWriteItems", overtake
    )
    assert log.append(mine, now=world.clock()) == 2
    assert overtaken == [0, 1]
    assert [batch.digest for batch in log.since(0)] == [theirs.digest, mine.digest]


def test_the_same_batch_in_the_same_hour_keeps_its_number(world: World) -> None:
    """A redelivery is the commonest event of all."""
    log, batch = world.raw_log(), raw_log.encode_events([an_event()])
    assert log.append(batch, now=world.clock()) == log.append(batch, now=world.clock()) == 1
    (stored,) = log.since(0)
    assert (stored.kind, stored.counts, stored.digest) == (Kind.EVENTS, {"acme": 1}, batch.digest)


def test_batches_are_read_in_order_and_between_bounds(world: World) -> None:
    """The cursor is a number; what lies behind it is read once more only by an open load."""
    for n in range(4):
        world.archive(an_event(id=f"e{n}"))
    assert [batch.seq for batch in world.raw_log().since(2)] == [3, 4]
    assert [batch.seq for batch in world.raw_log().between(2, 3)] == [2, 3]
    assert not list(world.raw_log().between(5, 4))  # nothing has come since


def test_a_lease_excludes_until_it_ends_or_is_released(world: World) -> None:
    """Two planners of one sync would only trip over each other."""
    ledger = world.ledger()
    first = ledger.acquire("acme", "syn_1", now_ms=0, lease_ms=MINUTE_MS)
    with pytest.raises(Transient):
        ledger.acquire("acme", "syn_1", now_ms=MINUTE_MS, lease_ms=MINUTE_MS)
    second = ledger.acquire("acme", "syn_1", now_ms=MINUTE_MS + 1, lease_ms=MINUTE_MS)
    ledger.release(first)  # lost: releases nothing
    with pytest.raises(Transient):
        ledger.acquire("acme", "syn_1", now_ms=MINUTE_MS + 2, lease_ms=MINUTE_MS)
    ledger.release(second)
    third = ledger.acquire("acme", "syn_1", now_ms=MINUTE_MS + 2, lease_ms=MINUTE_MS)
    assert (first.fence, second.fence, third.fence) == (1, 2, 3)


def test_an_open_load_is_found_by_the_next_planner_until_it_is_finished(
    world: World, load: Load
) -> None:
    """This is what a killed run leaves behind."""
    ledger = world.ledger()
    lease = ledger.acquire("acme", "syn_1", now_ms=0, lease_ms=0)
    assert (lease.seq, lease.load) == (None, None)
    ledger.save(lease, load)
    lease = ledger.acquire("acme", "syn_1", now_ms=1, lease_ms=0)
    assert lease.load == load
    counts = {"events": TableCount(rows_in=3, rows_new=2)}
    done = load.with_state(LoadState.LOADED, at="2026-11-20T14:00:00.000Z", tables=counts)
    ledger.finish(lease, done)
    lease = ledger.acquire("acme", "syn_1", now_ms=2, lease_ms=0)
    assert (lease.seq, lease.load) == (3, None)
    assert ledger.runs("acme", "syn_1").items == (done,)


def test_loads_are_listed_by_time_page_by_page(world: World, load: Load) -> None:
    """Two years of hours must not be read for the last day of them."""
    ledger = world.ledger()
    lease = ledger.acquire("acme", "syn_1", now_ms=0, lease_ms=0)
    for n in (2, 0, 4, 1, 3):  # the ids sort in another way than the times
        at = f"2026-11-2{n}T13:00:00.000Z"
        ledger.finish(lease, replace(load, load_id=f"{9 - n}" * 32, started_at=at))
    first = ledger.runs("acme", "syn_1", limit=2)
    rest = ledger.runs("acme", "syn_1", after=first.after, limit=3)
    days = [record.started_at[8:10] for record in (*first.items, *rest.items)]
    assert (days, rest.after) == (["24", "23", "22", "21", "20"], None)


def test_the_cursor_moves_without_a_load(world: World) -> None:
    """Where a sync begins, and that nothing was new, are no loads."""
    ledger = world.ledger()
    assert ledger.progress("acme", "syn_1") == Progress()
    lease = ledger.acquire("acme", "syn_1", now_ms=0, lease_ms=0)
    ledger.advance(lease, seq=7)
    assert ledger.progress("acme", "syn_1") == Progress(seq=7, checked_seq=7)
    ledger.advance(lease, seq=9, loaded_until="2026-11-20T13:04:05.123Z")
    lease = ledger.acquire("acme", "syn_1", now_ms=1, lease_ms=0)
    expected = Progress(seq=9, loaded_until="2026-11-20T13:04:05.123Z", checked_seq=7)
    assert (lease.seq, ledger.progress("acme", "syn_1")) == (9, expected)


def test_the_batch_before_a_moment_is_found_with_a_few_reads(world: World) -> None:
    """A new sync begins there, and must not read a year of batches of all tenants first."""
    log = world.raw_log()
    assert log.last_before("2026-11-20T00:00:00.000Z") == 0
    times = []
    for n in range(9):
        times.append(timestamp(world.clock()))
        world.archive(an_event(id=f"e{n}"))
        world.pass_time(hours=1)
    reads: list[str] = []
    world.client("dynamodb").meta.events.register(
        "before-send.dynamodb.GetItem", lambda **_: reads.append("get")
    )
    assert [log.last_before(time) for time in times] == list(range(9))
    assert log.last_before(timestamp(world.clock())) == 9
    assert len(reads) <= 10 * 5


def test_a_sync_is_open_while_it_is_leased_and_until_its_load_is_finished(
    world: World, load: Load
) -> None:
    """Whoever deletes a sync goes by this; the dead planner's lease counts only until it ends."""
    ledger = world.ledger()

    def is_open(now_ms: int) -> bool:
        return ledger.is_open("acme", "syn_1", now_ms=now_ms)

    assert not is_open(1)
    lease = ledger.acquire("acme", "syn_1", now_ms=0, lease_ms=MINUTE_MS)
    assert (is_open(MINUTE_MS), is_open(MINUTE_MS + 1)) == (True, False)
    ledger.save(lease, load)
    ledger.release(lease)
    assert is_open(1)
    ledger.finish(lease, load.with_state(LoadState.LOADED, at="2026-11-20T14:00:00.000Z"))
    assert not is_open(1)


def test_a_schema_has_one_tenant(world: World) -> None:
    """Two tenants in one schema would read each other's customers."""
    ledger = world.ledger()
    assert ledger.claim_schema("s", tenant="acme") == 0
    ledger.set_schema_version("s", version=2)
    assert ledger.claim_schema("s", tenant="acme") == 2
    with pytest.raises(Conflict):
        ledger.claim_schema("s", tenant="globex")


def test_redshift_tells_finished_from_failed_from_lost(world: World) -> None:
    """Each of the three is settled in another way."""
    redshift = DataApi(client=world.client("redshift-data"), workgroup="wrk", database="dev")
    good = redshift.submit(["SELECT 1"], name="good", token="good")
    bad = redshift.submit(["SELECT 1", "SELECT nope"], name="bad", token="bad")
    assert redshift.outcome(good, wait_s=10).state is StatementState.FINISHED
    failed = redshift.outcome(bad, wait_s=10)
    assert failed.state is StatementState.FAILED
    assert 'column "nope" does not exist' in failed.error
    nobody = str(uuid.UUID(int=0))
    assert redshift.outcome(nobody, wait_s=10).state is StatementState.LOST


def test_redshift_gives_rows_by_column_over_all_pages(world: World) -> None:
    """Answers longer than a page must not be cut."""
    redshift = DataApi(client=world.client("redshift-data"), workgroup="wrk", database="dev")
    rows = redshift.query("SELECT range AS n, NULL AS nothing FROM range(1500)", wait_s=10)
    assert (len(rows), rows[-1]) == (1500, {"n": 1499, "nothing": None})
    with pytest.raises(Transient):
        redshift.query("SELECT nope", wait_s=10)


def test_a_provisioned_cluster_is_called_by_its_identifier(world: World) -> None:
    """It has no workgroup; a call that names both is refused."""
    redshift = DataApi(client=world.admin, workgroup="wrk", cluster="etl-1", database="dev")
    asked: list[dict[str, object]] = []
    world.admin.meta.events.register(
        "provide-client-params.redshift-data", lambda params, **_: asked.append(params)
    )

    assert redshift.query("SELECT 1 AS n", wait_s=10) == [{"n": 1}]
    assert (
        redshift.outcome(redshift.submit(["SELECT 1"], name="n", token="t"), wait_s=10).state
        is StatementState.FINISHED
    )
    named = [params for params in asked if "Database" in params]
    assert len(named) == 2
    assert all(params.get("ClusterIdentifier") == "etl-1" for params in named)
    assert not [params for params in named if "WorkgroupName" in params]


def test_redshift_without_a_workgroup_is_refused_before_any_call(world: World) -> None:
    """An empty name would be botocore's error, which tells nobody what to set."""
    redshift = DataApi(client=world.client("redshift-data"), workgroup="", database="dev")
    with pytest.raises(Permanent, match="RedshiftWorkgroup"):
        redshift.run(["SELECT 1"], wait_s=1)


def test_the_writer_gives_the_same_bytes_for_the_same_batches(tmp_path: Path, load: Load) -> None:
    """First writers win, so whoever renders again must render the same."""
    raw = tmp_path / "a.jsonl.gz"
    raw.write_bytes(raw_log.encode_events(_copied()).data)
    seen = {
        tuple(Path(file.path).read_bytes() for file in (*rendered.stage, *rendered.lake))
        for rendered in (_render([raw], load, tmp_path / f"out-{n}") for n in range(2))
    }
    assert len(seen) == 1


def test_of_copies_the_latest_stays_wherever_it_stands(tmp_path: Path, load: Load) -> None:
    """Batches may bring copies in any order, within one file or over several."""
    kept = []
    for n, events in enumerate((_copied(), _copied()[::-1])):
        files = []
        for half in range(2):
            files.append(tmp_path / f"{n}-{half}.jsonl.gz")
            files[-1].write_bytes(raw_log.encode_events(events[half * 100 : half * 100 + 100]).data)
        rendered = _render(files, load, tmp_path / f"out-{n}")
        (staged,) = (file for file in rendered.stage if file.table == "events")
        query = "SELECT * FROM read_parquet(?) ORDER BY id"
        kept.append(duckdb.execute(query, [staged.path]).fetchall())
        assert rendered.rows("events") == 50
    assert kept[0] == kept[1]


def test_rows_stay_in_the_order_in_which_they_arrived(tmp_path: Path, load: Load) -> None:
    """A warehouse sorts what it loads; rows that arrived together also lie together in the lake."""
    events = [an_event(id=f"e{n * 7 % 100:02d}") for n in range(100)]
    files = []
    for half in range(2):
        files.append(tmp_path / f"{half}.jsonl.gz")
        files[-1].write_bytes(raw_log.encode_events(events[half * 50 : half * 50 + 50]).data)
    rendered = _render(files, load, tmp_path / "out")
    for file in (*rendered.stage, *rendered.lake):
        if file.table == "events":
            rows = duckdb.execute("SELECT id FROM read_parquet(?)", [file.path]).fetchall()
            assert [row[0] for row in rows] == [event.id for event in events]


def _copied() -> list[Event]:
    """Fifty events, four copies of each, of which some arrived at the same time."""
    return [
        an_event(id=f"e{n % 50}", received_at=f"2026-11-2{n % 2}T00:00:00.{n % 9:03d}Z")
        for n in range(200)
    ]


def _render(files: Sequence[Path], load: Load, out: Path) -> Rendered:
    out.mkdir()
    return Writer(scratch=out).render(
        {Kind.EVENTS: files}, load=load, out=out, staging=DIALECT.staging
    )


def test_the_lake_keeps_whole_what_the_stage_must_cut(tmp_path: Path, load: Load) -> None:
    """Redshift's longest text is 65,535 bytes; Parquet has no such limit."""
    fits, fat = "x" * (MAX_PROPERTIES_BYTES - 8), "x" * MAX_PROPERTIES_BYTES
    events = [
        an_event(id="fat", properties={"t": fat}),
        an_event(id="fits", properties={"t": fits}),
    ]
    raw = tmp_path / "raw.jsonl.gz"
    raw.write_bytes(raw_log.encode_events(events).data)
    rendered = Writer(scratch=tmp_path).render(
        {Kind.EVENTS: [raw]}, load=load, out=tmp_path, staging=DIALECT.staging
    )
    lengths = [
        dict(
            duckdb.execute(
                "SELECT id, strlen(properties) FROM read_parquet(?)", [file.path]
            ).fetchall()
        )
        for file in (*rendered.stage, *rendered.lake)
        if file.table == "events"
    ]
    assert lengths == [
        {"fat": None, "fits": MAX_PROPERTIES_BYTES},
        {"fat": len(fat) + 8, "fits": MAX_PROPERTIES_BYTES},
    ]
    assert rendered.discarded == {"events": 1}
