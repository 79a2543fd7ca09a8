"""The stand-in commits, rolls back and forgets as Redshift does."""

import pytest

from infra.local.redshift.client import QueryFailed
from tests.redshift_standin import RedshiftStandIn


def test_a_batch_is_one_transaction(redshift: RedshiftStandIn) -> None:
    """A load whose last statement fails must leave nothing."""
    redshift.query("CREATE TABLE t (id VARCHAR(8))")
    seen = redshift.batch("INSERT INTO t VALUES ('a')", "SELECT nope FROM t", "SELECT 1")
    assert seen["Status"] == "FAILED"
    assert 'column "nope" does not exist' in seen["Error"]
    assert [part["Status"] for part in seen["SubStatements"]] == ["FINISHED", "FAILED", "ABORTED"]
    assert redshift.count() == 0


def test_a_batch_in_auto_commit_keeps_what_came_before_the_failure(
    redshift: RedshiftStandIn,
) -> None:
    """The one mode that is no transaction."""
    redshift.query("CREATE TABLE t (id VARCHAR(8))")
    redshift.batch("INSERT INTO t VALUES ('a')", "SELECT nope FROM t", ExecutionMode="AUTO_COMMIT")
    assert redshift.count() == 1


def test_ddl_rolls_back_with_its_transaction(redshift: RedshiftStandIn) -> None:
    """Redshift's DDL is transactional."""
    redshift.batch("CREATE TABLE t (id INT)", "SELECT nope")
    with pytest.raises(QueryFailed, match='relation "t" does not exist'):
        redshift.query("SELECT * FROM t")


def test_a_token_submits_once_for_eight_hours(redshift: RedshiftStandIn) -> None:
    """A reply that was lost must not become a second load; a weekend later it would."""
    redshift.query("CREATE TABLE t (id VARCHAR(8))")
    insert = "INSERT INTO t VALUES ('a')"
    first, again = (redshift.batch(insert, ClientToken="load-1")["Id"] for _ in range(2))
    assert first == again
    assert redshift.count() == 1
    redshift.clock.now_s += 8 * 3600
    assert redshift.batch(insert, ClientToken="load-1")["Id"] != first
    assert redshift.count() == 2


def test_keys_are_not_enforced(redshift: RedshiftStandIn) -> None:
    """Redshift takes them as hints; a stand-in that enforced them would hide double rows."""
    redshift.query("CREATE TABLE t (id VARCHAR(8) PRIMARY KEY, n INT UNIQUE, PRIMARY KEY (id))")
    redshift.query("INSERT INTO t VALUES ('a', 1), ('a', 1)")
    assert redshift.count() == 2


def test_lengths_are_in_bytes_and_enforced(redshift: RedshiftStandIn) -> None:
    """Four umlauts are eight bytes: DuckDB alone would take them."""
    redshift.query("CREATE TABLE t (id VARCHAR(7), c CHAR(2) DEFAULT 'x')")
    with pytest.raises(QueryFailed, match=r"Value too long for type character varying\(7\)"):
        redshift.query("INSERT INTO t (id) VALUES ('ääää')")


def test_not_null_is_enforced(redshift: RedshiftStandIn) -> None:
    """The one constraint that Redshift does enforce."""
    redshift.query("CREATE TABLE t (id VARCHAR(7) NOT NULL ENCODE zstd)")
    with pytest.raises(QueryFailed, match="Cannot insert a NULL value into column id"):
        redshift.query("INSERT INTO t VALUES (NULL)")


def test_truncate_commits(redshift: RedshiftStandIn) -> None:
    """Whoever puts a TRUNCATE into a load loses the rollback."""
    redshift.query("CREATE TABLE t (id VARCHAR(8))")
    redshift.query("INSERT INTO t VALUES ('a')")
    redshift.batch("TRUNCATE t", "SELECT nope")
    assert redshift.count() == 0


@pytest.mark.parametrize("sql", ["VACUUM", "ALTER TABLE t ALTER COLUMN id TYPE VARCHAR(64)"])
def test_what_cannot_run_in_a_transaction_is_refused_in_one(
    redshift: RedshiftStandIn, sql: str
) -> None:
    """These need a call of their own."""
    redshift.query("CREATE TABLE t (id VARCHAR(8))")
    assert "cannot run inside a transaction block" in redshift.batch(sql)["Error"]


def test_a_lock_needs_its_table(redshift: RedshiftStandIn) -> None:
    """The lock itself is a no-op, but a typing error in it must show."""
    redshift.query("CREATE TABLE t (id INT)")
    assert redshift.batch("LOCK TABLE t")["Status"] == "FINISHED"
    assert 'relation "nope" does not exist' in redshift.batch("LOCK nope")["Error"]


def test_the_guard_ends_the_batch_exactly_when_the_load_is_known(redshift: RedshiftStandIn) -> None:
    """There is no IF in a batch: a cast must do it."""
    guard = "SELECT CAST('already loaded ' || MAX(id) AS INTEGER) FROM t WHERE id = 'x'"
    redshift.query("CREATE TABLE t (id VARCHAR(8))")
    assert redshift.batch(guard)["Status"] == "FINISHED"
    redshift.query("INSERT INTO t VALUES ('x')")
    assert 'invalid input syntax for integer: "already loaded x"' in redshift.batch(guard)["Error"]


def test_temporary_tables_end_with_their_batch(redshift: RedshiftStandIn) -> None:
    """A load that failed must not leave its stage to the next."""
    for _ in range(2):
        seen = redshift.batch("CREATE TEMP TABLE s (id INT)", "INSERT INTO s VALUES (1)")
        assert seen["Status"] == "FINISHED"
