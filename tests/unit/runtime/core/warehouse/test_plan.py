"""Planning loads: the same inputs give the same load, and nothing is skipped in silence."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.archive.raw_log import Kind, RawBatch
from runtime.core.warehouse import plan, sql
from runtime.core.warehouse.plan import DataFile, Load, LoadState, Rendered
from runtime.core.warehouse.sync import DestinationKind, Sync
from runtime.errors import BadInput
from runtime.stores.warehouse.redshift.sql_files import read_migrations, read_queries


def _batch(seq: int, **changes: Any) -> RawBatch:
    given: dict[str, Any] = {
        "seq": seq,
        "key": f"raw/{seq}",
        "kind": Kind.EVENTS,
        "digest": f"digest-{seq}",
        "size_bytes": 1_000,
        "counts": {"acme": 10},
        "appended_at": "2026-11-20T13:04:05.123Z",
    }
    return RawBatch(**given | changes)


def _sync(**changes: Any) -> Sync:
    given: dict[str, Any] = {
        "id": "syn_1",
        "tenant": "acme",
        "name": "warehouse",
        "kind": DestinationKind.REDSHIFT,
        "created_at": "2026-11-20T13:04:05.123Z",
    }
    return Sync(**given | changes)


def _load(**changes: Any) -> Load:
    given: dict[str, Any] = {
        "tenant": "acme",
        "sync_id": "syn_1",
        "load_id": "0" * 32,
        "trigger": "schedule",
        "first_seq": 1,
        "last_seq": 2,
        "state": LoadState.PLANNED,
        "versions": "1.1",
        "started_at": "2026-11-20T13:04:05.123Z",
    }
    return Load(**given | changes)


def _rendered(*kinds: Kind) -> Rendered:
    files = tuple(DataFile(kind=kind, path="x", size_bytes=10, rows=3) for kind in kinds)
    received = dict.fromkeys(kinds, ("2026-11-20 13:00:00", "2026-11-20 14:00:00"))
    return Rendered(stage=files, lake=files, received=received)


@given(order=st.permutations(range(1, 6)))
def test_a_load_id_depends_on_what_goes_in_and_not_on_its_order(order: list[int]) -> None:
    """Planning again after a kill must find the same keys and the same ledger row."""
    batches = [_batch(seq) for seq in range(1, 6)]
    shuffled = [_batch(seq) for seq in order]
    assert plan.load_id(_sync(), batches, versions="1.1") == plan.load_id(
        _sync(), shuffled, versions="1.1"
    )


@pytest.mark.parametrize(
    "other",
    [
        {"sync": _sync(tenant="globex")},
        {"sync": _sync(id="syn_2")},
        {"sync": _sync(kind=DestinationKind.S3)},
        {"batches": [_batch(1, digest="other")]},
        {"batches": [_batch(1), _batch(2)]},
        {"versions": "2.1"},
    ],
)
def test_whatever_changes_the_files_changes_the_load_id(other: dict[str, Any]) -> None:
    """Two different loads under one id would make the second one vanish behind the guard."""
    base: dict[str, Any] = {"sync": _sync(), "batches": [_batch(1)], "versions": "1.1"}
    first, second = base, base | other
    ids = {
        plan.load_id(one["sync"], one["batches"], versions=one["versions"])
        for one in (first, second)
    }
    assert len(ids) == 2


def test_a_missing_arrival_number_stops_the_planner() -> None:
    """A gap means rows that nobody would ever load."""
    with pytest.raises(BadInput) as gap:
        plan.choose([_batch(1), _batch(3)], tenant="acme", after=0)
    assert gap.value.code == "raw_gap"


def test_batches_without_rows_of_the_tenant_are_passed_by() -> None:
    """A quiet tenant must not pay for reading everybody's batches, nor read them again."""
    batches = [_batch(1, counts={"globex": 5}), _batch(2), _batch(3, counts={"globex": 5})]
    choice = plan.choose(batches, tenant="acme", after=0)
    assert ([batch.seq for batch in choice.batches], choice.first_seq, choice.last_seq) == (
        [2],
        2,
        3,
    )


def test_a_load_ends_before_the_batch_that_would_make_it_too_large() -> None:
    """A load must fit the function's disk and one Parquet file."""
    batches = [_batch(seq, counts={"acme": plan.MAX_ROWS - 5}) for seq in (1, 2)]
    choice = plan.choose(batches, tenant="acme", after=0)
    assert ([batch.seq for batch in choice.batches], choice.last_seq) == ([1], 1)


def test_a_batch_that_is_too_large_alone_is_loaded_alone() -> None:
    """Otherwise it would stand in the way for ever."""
    batches = [_batch(1, counts={"acme": plan.MAX_ROWS + 5}), _batch(2)]
    assert len(plan.choose(batches, tenant="acme", after=0).batches) == 1


def test_only_a_new_sync_passes_by_what_has_expired() -> None:
    """An old sync that is so far behind has lost data: that must fail, not pass."""
    batches = [_batch(8, appended_at="2026-01-01T00:00:00.000Z"), _batch(9)]
    since = "2026-11-01T00:00:00.000Z"
    behind = plan.choose(batches, tenant="acme", after=7, kept_since=since)
    assert [batch.seq for batch in behind.batches] == [8, 9]
    fresh = [_batch(1, appended_at="2026-01-01T00:00:00.000Z"), _batch(2)]
    chosen = plan.choose(fresh, tenant="acme", after=0, kept_since=since)
    assert [batch.seq for batch in chosen.batches] == [2]


@pytest.mark.parametrize(
    ("sync", "schema"),
    [
        (_sync(), "penstock_acme"),
        (_sync(tenant="a-b"), "penstock_a_b"),
        (_sync(schema="crm"), "crm"),
    ],
)
def test_a_schema_is_named_after_the_tenant_unless_the_sync_names_one(
    sync: Sync, schema: str
) -> None:
    """Analysts write this name into their queries."""
    assert plan.schema_name(sync) == schema


@pytest.mark.parametrize("name", ['x"; DROP SCHEMA public; --', "Crm", "a b", "1st", "x" * 128])
def test_a_schema_that_would_need_quoting_is_refused(name: str) -> None:
    """It goes into SQL as it stands."""
    with pytest.raises(BadInput):
        plan.schema_name(_sync(schema=name))


def test_every_entry_of_a_manifest_is_mandatory_and_measured() -> None:
    """Redshift's default skips a missing file in silence."""
    (entry,) = json.loads(plan.manifest("bucket", [("stage/x.parquet", 12)]))["entries"]
    assert entry == {
        "url": "s3://bucket/stage/x.parquet",
        "mandatory": True,
        "meta": {"content_length": 12},
    }


def test_a_load_is_one_batch_with_the_lock_and_the_guard_first() -> None:
    """Keys are not enforced and the snapshot is taken by the first statement that reads."""
    statements = sql.load_statements(
        read_queries(),
        _load(),
        target=sql.Target(schema="s", bucket="b", copy_role_arn="arn"),
        rendered=_rendered(Kind.EVENTS, Kind.PROFILES),
    )
    assert statements[0] == "LOCK TABLE s._loads"
    assert "CAST('already loaded '" in statements[1]
    assert len(statements) <= sql.MAX_STATEMENTS
    verbs = [statement.split()[0] for statement in statements[2:]]
    assert verbs.count("COPY") == 2
    assert [statement for statement in statements if "INSERT INTO s._loads" in statement]
    assert not [statement for statement in statements if "[[" in statement or "{" in statement]


def test_a_table_without_rows_is_left_out() -> None:
    """COPY of an empty manifest is an error."""
    statements = sql.load_statements(
        read_queries(),
        _load(),
        target=sql.Target(schema="s", bucket="b", copy_role_arn="arn"),
        rendered=_rendered(Kind.PROFILES),
    )
    assert not [statement for statement in statements if "stage_events" in statement]


def test_the_token_of_an_attempt_repeats_and_that_of_the_next_differs() -> None:
    """The first makes a lost reply harmless; the second lets a failed load be tried again."""
    assert _load().token == _load().token
    assert _load().token != _load(attempt=2).token
    assert len(_load(attempt=999).token) <= 64


def test_a_literal_cannot_end_its_own_quotes() -> None:
    """Values go into SQL as text."""
    assert sql.literal("o'clock") == "'o''clock'"
    with pytest.raises(BadInput):
        sql.literal("a\\'b")


def test_the_schema_file_creates_each_published_table() -> None:
    """The first load of a tenant has nothing to stand on but this file."""
    (first, *_) = read_migrations()
    statements = " ".join(first.render("schema", {"schema": "s"}))
    for table in ("events", "profiles", "_loads", "_erasures"):
        assert f"CREATE TABLE IF NOT EXISTS s.{table} (" in statements


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ('ERROR: invalid input syntax for integer: "already loaded abc"', "already_loaded"),
        ("ERROR: permission denied for schema x", "permission"),
        ('ERROR: relation "s._loads" does not exist', "missing_table"),
        ("ERROR: 1023 Detail: Serializable isolation violation on table", "busy"),
        ("ERROR: Spectrum Scan Error ... has an incompatible Parquet schema for column", "data"),
        ("ERROR: Value too long for character type", "data"),
        ("Problem reading manifest file - S3ServiceException: NoSuchKey", "missing_file"),
        ("ERROR: something else", "unknown"),
    ],
)
def test_an_error_of_redshift_is_put_in_a_category(error: str, code: str) -> None:
    """Who is woken, and whether waiting helps, follows from the category."""
    assert plan.categorize(error) == code


def test_each_hour_another_sync_comes_first() -> None:
    """When the hour is too short for all, it must not always be the same one that waits."""
    firsts = {plan.in_turn(["a", "b", "c"], hour=hour)[0] for hour in range(3)}
    assert firsts == {"a", "b", "c"}
    assert plan.in_turn([], hour=5) == ()
