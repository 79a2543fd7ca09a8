"""What Redshift asks of a load: names that need no quoting, one transaction, whole files."""

import json

import pytest

from runtime.core.archive.raw_log import Kind
from runtime.core.warehouse import redshift
from runtime.core.warehouse.plan import Arrivals, DataFile, Rendered, StagedFile
from runtime.core.warehouse.sync import Sync
from runtime.errors import BadInput
from runtime.stores.warehouse.redshift.sql_files import read_migrations, read_queries
from tests.warehouse_records import a_load, a_sync


def _rendered(*kinds: Kind) -> Rendered:
    files = tuple(DataFile(kind=kind, path="x", size_bytes=10, rows=3) for kind in kinds)
    received = dict.fromkeys(kinds, Arrivals("2026-11-20 13:00:00", "2026-11-20 14:00:00"))
    return Rendered(stage=files, lake=files, received=received)


@pytest.mark.parametrize(
    ("sync", "schema"),
    [
        (a_sync(), "penstock_acme"),
        (a_sync(tenant="a-b"), "penstock_a_b"),
        (a_sync(schema="crm"), "crm"),
    ],
)
def test_a_schema_is_named_after_the_tenant_unless_the_sync_names_one(
    sync: Sync, schema: str
) -> None:
    """Analysts write this name into their queries."""
    assert redshift.schema_name(sync) == schema


@pytest.mark.parametrize("name", ['x"; DROP SCHEMA public; --', "Crm", "a b", "1st", "x" * 128])
def test_a_schema_that_would_need_quoting_is_refused(name: str) -> None:
    """It goes into SQL as it stands."""
    with pytest.raises(BadInput):
        redshift.schema_name(a_sync(schema=name))


def test_every_entry_of_a_manifest_is_mandatory_and_measured() -> None:
    """Redshift's default skips a missing file in silence."""
    staged = StagedFile(uri="s3://bucket/stage/x.parquet", size_bytes=12)
    (entry,) = json.loads(redshift.manifest([staged]))["entries"]
    assert entry == {
        "url": "s3://bucket/stage/x.parquet",
        "mandatory": True,
        "meta": {"content_length": 12},
    }


def test_a_load_is_one_batch_with_the_lock_and_the_guard_first() -> None:
    """Keys are not enforced and the snapshot is taken by the first statement that reads."""
    statements = redshift.load_statements(
        read_queries(),
        a_load(),
        target=redshift.Target(schema="s", bucket="b", copy_role_arn="arn"),
        rendered=_rendered(Kind.EVENTS, Kind.PROFILES),
    )
    assert statements[0] == "LOCK TABLE s._loads"
    assert "CAST('already loaded '" in statements[1]
    assert len(statements) <= redshift.MAX_STATEMENTS
    verbs = [statement.split()[0] for statement in statements[2:]]
    assert verbs.count("COPY") == 2
    assert [statement for statement in statements if "INSERT INTO s._loads" in statement]
    assert not [statement for statement in statements if "[[" in statement or "{" in statement]


def test_a_table_without_rows_is_left_out() -> None:
    """COPY of an empty manifest is an error."""
    statements = redshift.load_statements(
        read_queries(),
        a_load(),
        target=redshift.Target(schema="s", bucket="b", copy_role_arn="arn"),
        rendered=_rendered(Kind.PROFILES),
    )
    assert not [statement for statement in statements if "stage_events" in statement]


def test_a_literal_cannot_end_its_own_quotes() -> None:
    """Values go into SQL as text."""
    assert redshift.literal("o'clock") == "'o''clock'"
    assert redshift.literal("a\\'b") == "('a' || CHR(92) || '''b')"


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
    assert redshift.categorize(error) == code


def test_an_erasure_locks_each_transaction_as_a_load_does() -> None:
    """So a load is either there to be deleted from, or finds the person among the erased."""
    profile_ids = [f"prf_{number}" for number in range(25)]

    transactions = list(
        redshift.erasure_statements(
            read_queries(),
            schema="penstock_acme",
            profile_ids=profile_ids,
            request_id="job_1",
            erased_at="2026-11-20T13:04:05.123Z",
        )
    )

    assert all(statements[0].startswith("LOCK TABLE") for statements in transactions)
    assert all(len(statements) <= redshift.MAX_STATEMENTS for statements in transactions)
    every = {statement for statements in transactions for statement in statements}
    assert {
        f"DELETE FROM penstock_acme.{table} WHERE profile_id = '{profile_id}'"  # noqa: S608 - ours
        for table in ("events", "profiles")
        for profile_id in profile_ids
    } <= every
