"""The order of a load's statements is what makes it safe; it is the same for every vendor."""

import pytest

from runtime.core.warehouse import dialect, sql, tables
from runtime.core.warehouse.dialects import redshift
from runtime.core.warehouse.selection import PromotedColumn, PromotedType
from runtime.core.warehouse.sync import Sync
from runtime.errors import BadInput
from tests.warehouse_records import a_sync, a_transaction, staged_tables

DIALECT = redshift.DIALECT


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
    assert sql.schema_name(sync) == schema


@pytest.mark.parametrize("name", ['x"; DROP SCHEMA public; --', "Crm", "a b", "1st", "x" * 128])
def test_a_schema_that_would_need_quoting_is_refused(name: str) -> None:
    """It goes into SQL as it stands."""
    with pytest.raises(BadInput):
        sql.schema_name(a_sync(schema=name))


def test_a_literal_cannot_end_its_own_quotes() -> None:
    """Values go into SQL as text."""
    assert dialect.literal("o'clock") == "'o''clock'"
    assert dialect.literal("a\\'b") == "('a' || CHR(92) || '''b')"


def test_the_counts_are_taken_after_the_stages_are_clean_and_before_the_tables_change() -> None:
    """A row that is dropped is no new one, and after the delete every row would look new."""
    statements = list(sql.load_statements(DIALECT, a_transaction(), staged_tables()))

    (entered,) = [n for n, each in enumerate(statements) if "INSERT INTO s._loads" in each]
    before, after = statements[:entered], statements[entered + 1 :]
    assert all("DELETE FROM s." not in each and "INSERT INTO s." not in each for each in before)
    assert all("DELETE FROM s." in each or "INSERT INTO s." in each for each in after)


def test_rows_of_a_child_change_with_the_row_that_they_belong_to() -> None:
    """A name that a person has lost must go, though no row of the new file has its key."""
    statements = sql.load_statements(
        DIALECT, a_transaction(), staged_tables("profiles", "profile_identities")
    )

    assert (
        "DELETE FROM s.profile_identities USING stage_profiles"
        " WHERE profile_identities.profile_id = stage_profiles.profile_id"
    ) in statements
    (inserted,) = [each for each in statements if "INSERT INTO s.profile_identities" in each]
    assert inserted.endswith(
        "JOIN stage_profiles ON stage_profile_identities.profile_id = stage_profiles.profile_id"
    )


def test_more_statements_than_a_warehouse_takes_are_refused_before_they_are_sent() -> None:
    """The service would refuse them late and darkly."""
    many = staged_tables() * 3
    with pytest.raises(BadInput, match="at most 40"):
        sql.load_statements(DIALECT, a_transaction(), many)


def test_the_schema_has_every_published_table() -> None:
    """The first load of a tenant has nothing to stand on but these statements."""
    statements = " ".join(sql.create_statements(DIALECT, schema="s"))
    for name in (*tables.BY_NAME, *tables.OWN_TABLES):
        assert f"CREATE TABLE IF NOT EXISTS s.{name} (" in statements


def test_a_schema_of_an_earlier_version_gets_the_columns_that_it_lacks() -> None:
    """Tables that are new as a whole are made with the schema, not column by column."""
    statements = list(sql.upgrade_statements(DIALECT, schema="s", version=1))

    assert "ALTER TABLE s.profiles ADD COLUMN merged_into VARCHAR(1024)" in statements
    assert "ALTER TABLE s._erasures ADD COLUMN events_removed BIGINT" in statements
    assert all(each.startswith("ALTER TABLE s.") for each in statements)
    assert not [each for each in statements if "s.messages" in each]
    assert list(sql.upgrade_statements(DIALECT, schema="s", version=tables.SCHEMA_VERSION)) == []


def test_a_promoted_column_is_added_and_registered_with_its_path() -> None:
    """Analysts must be able to look up where a column's values come from."""
    column = PromotedColumn(
        table="events", name="amount", type=PromotedType.NUMBER, path="order.it's"
    )

    added = sql.add_column(DIALECT, column.table, column.column, schema="s")
    assert added == "ALTER TABLE s.events ADD COLUMN amount DOUBLE PRECISION"
    registered = sql.registration(DIALECT, sql.promoted([column]), schema="s")
    assert "'amount' AS column_name, 'double' AS column_type, 'order.it''s' AS path" in registered


def test_a_probe_touches_no_table_of_the_schema() -> None:
    """It only asks whether rows would be taken."""
    (events,) = staged_tables("events")
    statements = sql.probe_statements(DIALECT, a_transaction(), events)
    assert [each for each in statements if " s." in each] == []


def test_an_erasure_locks_each_transaction_as_a_load_does() -> None:
    """So a load is either there to be deleted from, or finds the person among the erased."""
    profile_ids = [f"prf_{number}" for number in range(25)]

    transactions = list(
        sql.erasure_statements(
            DIALECT,
            schema="s",
            profile_ids=profile_ids,
            request_id="job_1",
            erased_at="2026-11-20T13:04:05.123Z",
        )
    )

    assert all(statements[0].startswith("LOCK TABLE") for statements in transactions)
    assert all(len(statements) <= redshift.MAX_STATEMENTS for statements in transactions)
    every = {statement for statements in transactions for statement in statements}
    for statements in transactions:
        of_tables = [each.startswith("DELETE FROM s.") for each in statements[1:]]
        of_a_profile = [
            False,
            *[True] * len(tables.OF_PEOPLE),
        ]  # the row with the counts comes first
        assert of_tables == of_a_profile * (len(of_tables) // len(of_a_profile))
    assert {
        f"DELETE FROM s.{table.name} WHERE {table.person} = '{profile_id}'"  # noqa: S608 - ours
        for table in tables.TABLES
        if table.person
        for profile_id in profile_ids
    } <= every
