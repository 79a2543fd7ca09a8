"""Which statements `penstock query` sends: those that read, and none that only looks like one."""

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.core.warehouse.read_only import check
from runtime.errors import BadInput


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "select e.properties.value from events e where topic = 'a;b'",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "(SELECT 1) UNION (SELECT 2)",
        "SHOW TABLES FROM SCHEMA penstock.acme",
        "EXPLAIN VERBOSE SELECT 1",
        "-- how many\nSELECT COUNT(*) /* all */ FROM events",
        'SELECT "delete", \'drop table x; insert\' FROM "update"',
        "SELECT 'it''s', updated_at FROM profiles WHERE NOT deleted",
    ],
)
def test_what_reads_is_sent(sql: str) -> None:
    """Also where a name or a text holds a word that would write."""
    assert sql == check(f"  {sql} ;\n")


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("", "not_read_only"),
        ("-- nothing", "not_read_only"),
        ("DELETE FROM events", "not_read_only"),
        ("/* SELECT */ DROP TABLE events", "not_read_only"),
        ("WITH x AS (SELECT 1) DELETE FROM events", "not_read_only"),
        ("WITH x AS (SELECT 1) UPDATE events SET id = 1", "not_read_only"),
        ("SELECT * INTO copy FROM events", "not_read_only"),
        ("EXPLAIN ANALYZE SELECT 1", "not_read_only"),
        ("EXPLAIN DELETE FROM events", "not_read_only"),
        ("COMMIT", "not_read_only"),
        ("SELECT 1; DELETE FROM events", "bad_sql"),
        ("SELECT 'open", "bad_sql"),
        ('SELECT "open', "bad_sql"),
        ("SELECT $$ ' $$", "bad_sql"),
        # One text to a server that escapes by backslashes, and two to one that does not.
        ("SELECT 'a\\' ' ; delete from x --'", "bad_sql"),
    ],
)
def test_what_writes_or_may_write_is_not(sql: str, code: str) -> None:
    """By mistake is how it happens, to somebody who meant another window."""
    with pytest.raises(BadInput) as refused:
        check(sql)

    assert code == refused.value.code


FRAGMENTS = (
    "SELECT 1", "WITH x AS (", ") ", " FROM t", "'", '"', ";", "--", "\n", "/*", "*/",
    " DELETE FROM t", " INTO t", "EXPLAIN ", "$$", "DROP TABLE t", "(", ", 'a'",
)  # fmt: skip
READS = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
@example("SELECT 1 -- ;\n; DELETE FROM t")
@example("SELECT '--' ; DROP TABLE t --'")
def test_what_is_sent_is_one_statement_that_reads(sql: str) -> None:
    """However it is put together; another parser says what it is."""
    try:
        sent = check(sql)
    except BadInput:
        return
    try:
        statements = duckdb.extract_statements(sent)
    except duckdb.ParserException:  # the database would refuse it
        return
    assert 1 == len(statements)
    assert statements[0].type in READS
