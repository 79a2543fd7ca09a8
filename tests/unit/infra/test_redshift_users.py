"""The stand-in has users, owners and grants, and refuses what Redshift refuses."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.redshift.client import connect
from infra.local.redshift.server import RedshiftServer
from tests.redshift_standin import BUCKET, ROLE, TARGET, RedshiftStandIn, Roles

LOADER = "loader"
USER = f'"IAMR:{LOADER}"'
MAY_CREATE = f"GRANT CREATE ON DATABASE penstock TO {USER}"


@pytest.fixture
def granted(redshift: RedshiftStandIn) -> RedshiftStandIn:
    """A warehouse whose user of the role `loader` may make schemas, and has one with a table."""
    done(redshift.batch(f"CREATE USER {USER} PASSWORD DISABLE", MAY_CREATE))
    done(redshift.as_role(LOADER, "CREATE SCHEMA acme", "CREATE TABLE acme.t (id INT)"))
    return redshift


def done(description: Any) -> None:
    """The batch has ended well."""
    assert description["Status"] == "FINISHED", description["Error"]


def test_who_comes_by_iam_for_the_first_time_may_make_no_schema(redshift: RedshiftStandIn) -> None:
    """Redshift makes the user, and grants it nothing: the first load of a fresh one is refused."""
    ended = redshift.as_role(LOADER, "CREATE SCHEMA IF NOT EXISTS acme")
    assert "permission denied for database penstock" in ended["Error"]
    users = redshift.query("SELECT usename, usesuper FROM pg_user")
    assert {"usename": "IAMR:loader", "usesuper": False} in users


def test_who_makes_a_thing_owns_it(granted: RedshiftStandIn) -> None:
    """A load reads, writes and changes its own tables without another grant."""
    done(
        granted.as_role(
            LOADER,
            "LOCK TABLE acme.t",
            "CREATE TEMP TABLE stage (id INT)",
            "INSERT INTO stage VALUES (1)",
            "INSERT INTO acme.t SELECT id FROM stage",
            "DELETE FROM acme.t USING stage WHERE t.id = stage.id",
            "ALTER TABLE acme.t ADD COLUMN more INT",
            "CREATE VIEW acme.v AS SELECT id FROM acme.t",
            "DROP TABLE stage",
        )
    )


@pytest.mark.parametrize(
    ("sql", "denied"),
    [
        ("SELECT * FROM acme.t", "permission denied for schema acme"),
        ("CREATE TABLE acme.mine (id INT)", "permission denied for schema acme"),
        ("LOCK TABLE acme.t", "permission denied for schema acme"),
        ("DROP SCHEMA acme CASCADE", "must be owner of schema acme"),
        ("CREATE USER other PASSWORD DISABLE", "permission denied to create user"),
        (f"GRANT USAGE ON SCHEMA acme TO {USER}", "permission denied for schema acme"),
    ],
)
def test_another_user_may_do_nothing_with_it(
    granted: RedshiftStandIn, sql: str, denied: str
) -> None:
    """What one role has loaded is closed to every other until somebody grants it."""
    assert denied in granted.as_role("analyst", sql)["Error"]


def test_a_reader_reads_and_does_not_write(granted: RedshiftStandIn) -> None:
    """What the owner grants holds, and nothing beyond it."""
    done(granted.as_role("analyst", "SELECT 1"))  # Redshift makes the user
    reader = '"IAMR:analyst"'
    done(granted.as_role(LOADER, f"GRANT USAGE ON SCHEMA acme TO {reader}"))
    denied = "permission denied for relation t"
    assert denied in granted.as_role("analyst", "SELECT * FROM acme.t")["Error"]
    done(granted.as_role(LOADER, f"GRANT SELECT ON acme.t TO {reader}"))
    done(granted.as_role("analyst", "SELECT * FROM acme.t"))
    assert denied in granted.as_role("analyst", "DELETE FROM acme.t")["Error"]
    assert "must be owner" in granted.as_role("analyst", "TRUNCATE acme.t")["Error"]
    done(granted.as_role(LOADER, 'REVOKE SELECT ON acme.t FROM "IAMR:analyst"'))
    assert denied in granted.as_role("analyst", "SELECT * FROM acme.t")["Error"]


def test_a_batch_that_fails_grants_and_makes_nothing(granted: RedshiftStandIn) -> None:
    """Owners and grants are rows of the same transaction."""
    granted.as_role(LOADER, "CREATE SCHEMA other", "SELECT nothing")
    done(granted.as_role(LOADER, "CREATE SCHEMA other"))
    done(granted.as_role(LOADER, "DROP SCHEMA other"))
    granted.batch(f"REVOKE CREATE ON DATABASE penstock FROM {USER}", "SELECT nothing")
    done(granted.as_role(LOADER, "CREATE SCHEMA other"))


@pytest.mark.parametrize(
    ("sql", "meaning"),
    [
        (f"CREATE USER {USER} PASSWORD DISABLE", "already exists"),
        ("CREATE USER other PASSWORD 'Secret1x'", "PASSWORD DISABLE only"),
        ("GRANT USAGE ON SCHEMA acme TO nobody", 'user "nobody" does not exist'),
        (f"GRANT USAGE ON SCHEMA nope TO {USER}", 'schema "nope" does not exist'),
        (f"GRANT CREATE ON DATABASE nope TO {USER}", 'database "nope" does not exist'),
        (f"GRANT SELECT ON ALL TABLES IN SCHEMA acme TO {USER}", "not part of the local Redshift"),
    ],
)
def test_a_grant_that_cannot_hold_is_refused(
    granted: RedshiftStandIn, sql: str, meaning: str
) -> None:
    """A script with a wrong name must fail here, and not at somebody's warehouse."""
    assert meaning in granted.batch(sql)["Error"]


def test_privileges_can_be_asked_for(granted: RedshiftStandIn) -> None:
    """By Redshift's own functions, as the doctor does."""
    name = f"'IAMR:{LOADER}'"
    grant = f"GRANT ASSUMEROLE ON 'arn:aws:iam::1:role/copy' TO {USER} FOR COPY"
    ask = f"has_assumerole_privilege({name}, 'arn:aws:iam::1:role/copy', 'COPY')"
    assert granted.query(f"SELECT {ask} AS x") == [{"x": False}]
    done(granted.batch(grant))
    assert granted.query(f"SELECT {ask} AS x") == [{"x": True}]
    for privilege, has_it in (("CREATE", True), ("TEMP", True), ("USAGE", False)):
        ask = f"has_database_privilege({name}, 'penstock', '{privilege}')"
        assert granted.query(f"SELECT {ask} AS x") == [{"x": has_it}]


def test_a_statement_is_seen_only_by_whom_it_belongs_to(redshift: RedshiftStandIn) -> None:
    """The real service shows a statement to the identity that sent it."""
    client: Any = connect(redshift.server.url, access_key=LOADER)
    mine = client.execute_statement(Sql="SELECT 1", **TARGET)["Id"]
    other: Any = connect(redshift.server.url, access_key="analyst")
    with pytest.raises(ClientError, match="another identity's"):
        other.describe_statement(Id=mine)
    assert other.list_statements()["Statements"] == []


def test_copy_needs_the_right_to_insert(granted: RedshiftStandIn) -> None:
    """A COPY is checked before a file is read."""
    done(granted.as_role("analyst", "SELECT 1"))
    done(granted.as_role(LOADER, 'GRANT USAGE ON SCHEMA acme TO "IAMR:analyst"'))
    copy = f"COPY acme.t FROM 's3://{BUCKET}/m.json' {ROLE} FORMAT AS PARQUET MANIFEST"
    assert "permission denied for relation t" in granted.as_role("analyst", copy)["Error"]


def test_a_database_that_is_kept_keeps_its_users(granted: RedshiftStandIn) -> None:
    """The local cloud stops and starts again with the same warehouse."""
    granted.server.close()
    granted.server = RedshiftServer(
        database=Path(granted.folder) / "warehouse.duckdb",
        s3=granted.s3,
        identity=Roles(granted.s3),
        now=granted.clock,
    )
    done(granted.as_role(LOADER, "CREATE SCHEMA more", "SELECT * FROM acme.t"))
    assert "permission denied" in granted.as_role("analyst", "SELECT * FROM acme.t")["Error"]
