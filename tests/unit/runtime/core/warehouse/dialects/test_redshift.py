"""What Redshift asks of a load: one batch of at most 40 statements, whole files, its own words."""

import json

import pytest

from runtime.core.warehouse import sql, tables
from runtime.core.warehouse.dialects import redshift
from runtime.core.warehouse.plan import StagedFile
from tests.warehouse_records import a_transaction, staged_tables


def test_every_entry_of_a_manifest_is_mandatory_and_measured() -> None:
    """Redshift's default skips a missing file in silence."""
    staged = StagedFile(uri="s3://bucket/stage/x.parquet", size_bytes=12)
    (entry,) = json.loads(redshift.manifest([staged]))["entries"]
    assert entry == {
        "url": "s3://bucket/stage/x.parquet",
        "mandatory": True,
        "meta": {"content_length": 12},
    }


def test_a_load_of_every_table_is_one_batch_with_the_lock_and_the_guard_first() -> None:
    """Keys are not enforced and the snapshot is taken by the first statement that reads."""
    statements = sql.load_statements(redshift.DIALECT, a_transaction(), staged_tables())

    assert statements[0] == "LOCK TABLE s._loads"
    assert "CAST('already loaded '" in statements[1]
    assert len(statements) <= redshift.MAX_STATEMENTS
    verbs = [statement.split()[0] for statement in statements[2:]]
    assert verbs.count("COPY") == len(tables.TABLES)
    assert len([each for each in statements if "INSERT INTO s._loads" in each]) == 1
    assert not [each for each in statements if "[[" in each or "{" in each]


def test_a_copy_names_the_columns_of_the_file() -> None:
    """Redshift takes the columns of Parquet by position; a table may have more of them."""
    (events,) = staged_tables("events")
    statements = sql.load_statements(redshift.DIALECT, a_transaction(), [events])

    (copy,) = [each for each in statements if each.startswith("COPY")]
    names = ", ".join(column.name for column in tables.EVENTS.columns)
    assert copy == (
        f"COPY stage_events ({names}) FROM '{events.uri}' IAM_ROLE 'arn' FORMAT AS PARQUET MANIFEST"
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ('ERROR: invalid input syntax for integer: "already loaded abc"', "already_loaded"),
        ('ERROR: column "vip" of relation "events" already exists', "column_exists"),
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
