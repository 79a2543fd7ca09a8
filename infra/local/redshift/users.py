"""The warehouse's users, what they own and what they were granted.

All of it is in tables of the database itself. So a transaction that is rolled back takes back what
it has granted and made, and a database that is kept keeps its users.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import duckdb

from infra.local.redshift import DATABASE

ADMIN: Final = "admin"  # the superuser that a namespace is made with
PUBLIC: Final = "PUBLIC"  # every user; objects that it owns are everybody's

_TABLES: Final = (
    "CREATE SCHEMA IF NOT EXISTS pg_access",
    "CREATE TABLE IF NOT EXISTS pg_access.users (name VARCHAR, is_superuser BOOLEAN)",
    "CREATE TABLE IF NOT EXISTS pg_access.owners (kind VARCHAR, object VARCHAR, owner VARCHAR)",
    (
        "CREATE TABLE IF NOT EXISTS pg_access.grants"
        " (grantee VARCHAR, privilege VARCHAR, kind VARCHAR, object VARCHAR)"
    ),
    (
        "CREATE OR REPLACE VIEW pg_user AS SELECT name AS usename, is_superuser AS usesuper"
        " FROM pg_access.users"
    ),
    (
        "CREATE OR REPLACE MACRO pg_may(who, wanted, about, what) AS CASE"
        " WHEN NOT EXISTS (SELECT 1 FROM pg_access.users AS u WHERE u.name = who)"
        " THEN error('user \"' || who || '\" does not exist')"
        " ELSE EXISTS (SELECT 1 FROM pg_access.users AS u WHERE u.name = who AND u.is_superuser)"
        " OR EXISTS (SELECT 1 FROM pg_access.owners AS o WHERE o.kind = about AND o.object = what"
        " AND o.owner IN (who, 'PUBLIC'))"
        " OR EXISTS (SELECT 1 FROM pg_access.grants AS g WHERE g.kind = about AND g.object = what"
        " AND g.grantee IN (who, 'PUBLIC') AND g.privilege = upper(wanted)) END"
    ),
    (
        "CREATE OR REPLACE MACRO has_database_privilege(who, what, wanted) AS"
        " pg_may(who, wanted, 'database', what)"
    ),
    (
        "CREATE OR REPLACE MACRO has_schema_privilege(who, what, wanted) AS"
        " pg_may(who, wanted, 'schema', what)"
    ),
    (
        "CREATE OR REPLACE MACRO has_assumerole_privilege(who, what, wanted) AS"
        " pg_may(who, 'ASSUMEROLE FOR ' || wanted, 'role', what)"
    ),
    (
        "CREATE OR REPLACE VIEW pg_access.objects AS"
        " SELECT 'schema' AS kind, schema_name AS object FROM duckdb_schemas()"
        " WHERE database_name = current_database()"
        " UNION SELECT 'table', schema_name || '.' || table_name FROM duckdb_tables()"
        " WHERE database_name = current_database()"
        " UNION SELECT 'table', schema_name || '.' || view_name FROM duckdb_views()"
        " WHERE database_name = current_database()"
    ),
)


@dataclass(frozen=True, slots=True)
class Grant:
    """One privilege that one user has been given."""

    grantee: str
    privilege: str  # such as `CREATE`; `ASSUMEROLE FOR COPY` of a role
    kind: str  # `database`, `schema`, `table` or `role`
    object: str  # its name: a table's with its schema, a role's ARN


@dataclass(frozen=True, slots=True)
class Users:
    """The tables of the users, by one connection and in its transaction."""

    connection: duckdb.DuckDBPyConnection

    def prepare(self) -> None:
        """Make the tables, in a database that may be older than they are.

        What was there before there were users is everybody's.
        """
        for sql in _TABLES:
            self.connection.execute(sql)
        self.follow(owner=PUBLIC)
        if not self.superusers():
            self.connection.execute("INSERT INTO pg_access.users VALUES ($1, TRUE)", [ADMIN])
            self.add(Grant(PUBLIC, "TEMP", "database", DATABASE))  # Redshift's default

    def superusers(self) -> Mapping[str, bool]:
        """Whether each user is a superuser, by its name."""
        rows = self.connection.execute("SELECT name, is_superuser FROM pg_access.users")
        return dict(rows.fetchall())

    def make(self, name: str) -> None:
        """Make a user that may do nothing yet."""
        self.connection.execute("INSERT INTO pg_access.users VALUES ($1, FALSE)", [name])

    def owners(self, kind: str) -> Mapping[str, str]:
        """Who owns what: the owner by the name of a schema, or by the path of a table."""
        sql = "SELECT object, owner FROM pg_access.owners WHERE kind = $1"
        return dict(self.connection.execute(sql, [kind]).fetchall())

    def has(self, grant: Grant) -> bool:
        """Whether the user, or everybody, has been given this privilege."""
        rows = self.connection.execute(
            "SELECT 1 FROM pg_access.grants WHERE grantee IN ($1, 'PUBLIC') AND privilege = $2"
            " AND kind = $3 AND object = $4",
            [grant.grantee, grant.privilege, grant.kind, grant.object],
        )
        return rows.fetchone() is not None

    def add(self, grant: Grant) -> None:
        """Give a privilege; who has it already keeps it."""
        self.remove(grant)
        self.connection.execute(
            "INSERT INTO pg_access.grants VALUES ($1, $2, $3, $4)",
            [grant.grantee, grant.privilege, grant.kind, grant.object],
        )

    def remove(self, grant: Grant) -> None:
        """Take a privilege away."""
        self.connection.execute(
            "DELETE FROM pg_access.grants WHERE grantee = $1 AND privilege = $2 AND kind = $3"
            " AND object = $4",
            [grant.grantee, grant.privilege, grant.kind, grant.object],
        )

    def follow(self, *, owner: str) -> None:
        """Give what has no owner yet to this one, and forget what does not exist any more."""
        self.connection.execute(
            "INSERT INTO pg_access.owners SELECT kind, object, $1 FROM pg_access.objects AS there"
            " WHERE NOT EXISTS (SELECT 1 FROM pg_access.owners AS o WHERE o.kind = there.kind"
            " AND o.object = there.object)",
            [owner],
        )
        self.connection.execute(
            "DELETE FROM pg_access.owners AS old WHERE NOT EXISTS (SELECT 1 FROM pg_access.objects"
            " AS there WHERE there.kind = old.kind AND there.object = old.object)"
        )
        self.connection.execute(
            "DELETE FROM pg_access.grants AS old WHERE kind IN ('schema', 'table') AND NOT EXISTS"
            " (SELECT 1 FROM pg_access.owners AS o WHERE o.kind = old.kind"
            " AND o.object = old.object)"
        )
