"""A session of the warehouse: one connection, with its transaction and its temporary tables."""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

import duckdb

from infra.local.redshift import dialect
from infra.local.redshift.access import Access
from infra.local.redshift.copying import Copier
from infra.local.redshift.failures import MAX_VARCHAR_BYTES, TOO_LONG, SqlFailure, translated

# Of one row of a result, as it leaves the Data API:
# https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-troubleshooting.html
MAX_ROW_BYTES: Final = 65_536

PRELUDE: Final = (
    (
        "CREATE OR REPLACE MACRO as_varchar(x) AS CASE WHEN strlen(CAST(x AS VARCHAR)) > "
        f"{MAX_VARCHAR_BYTES} THEN error('{TOO_LONG}({MAX_VARCHAR_BYTES})') ELSE x END"
    ),
    # The argument of JSON_PARSE is a VARCHAR, and so is every string in a SUPER.
    "CREATE OR REPLACE MACRO json_parse(x) AS CAST(as_varchar(x) AS JSON)",
    "CREATE OR REPLACE MACRO json_serialize(x) AS CAST(x AS VARCHAR)",
    "CREATE OR REPLACE MACRO getdate() AS CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP)",
    (
        "CREATE OR REPLACE MACRO dateadd(part, n, moment) AS CAST(moment AS TIMESTAMP) + CASE part "
        "WHEN 'second' THEN to_seconds(n) WHEN 'minute' THEN to_minutes(n) "
        "WHEN 'hour' THEN to_hours(n) WHEN 'day' THEN to_days(n) WHEN 'week' THEN to_days(7 * n) "
        "WHEN 'month' THEN to_months(n) WHEN 'year' THEN to_years(n) END"
    ),
    (
        "CREATE OR REPLACE VIEW svv_tables AS SELECT * FROM information_schema.tables"
        " WHERE table_schema <> 'pg_access'"
    ),
    (
        "CREATE OR REPLACE VIEW svv_columns AS SELECT * FROM information_schema.columns"
        " WHERE table_schema <> 'pg_access'"
    ),
)
_NO_OPERATION: Final = ("ANALYZE", "COMMENT")  # accepted, without effect
_REFUSED: Final = ("UNLOAD", "ATTACH", "INSTALL", "LOAD", "PRAGMA", "EXPORT", "IMPORT", "USE")
_CONTROL: Final = ("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT")
_TYPE_NAMES: Final = {
    "VARCHAR": "varchar",
    "JSON": "super",
    "BIGINT": "int8",
    "HUGEINT": "numeric",
    "INTEGER": "int4",
    "SMALLINT": "int2",
    "BOOLEAN": "bool",
    "DOUBLE": "float8",
    "FLOAT": "float4",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "DATE": "date",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a statement."""

    columns: tuple[tuple[str, str], ...] | None  # (name, type) of each; None for no result set
    records: tuple[tuple[Any, ...], ...]  # the rows
    affected: int  # how many rows it returned, wrote or deleted


@dataclass(slots=True)
class Session:
    """Runs the statements of one call."""

    connection: duckdb.DuckDBPyConnection
    copier: Copier
    access: Access  # what its user may do
    transaction: bool  # whether all of them are one transaction
    is_kept: bool = False  # whether later calls go on in it; only then it may begin a transaction

    def begin(self) -> None:
        """Start the transaction, if there is one."""
        if self.transaction:
            self.connection.execute("BEGIN")

    def commit(self) -> None:
        """Commit the transaction, if there is one."""
        if self.transaction:
            self.connection.execute("COMMIT")

    def rollback(self) -> None:
        """Roll the transaction back, if there is one."""
        if self.transaction:
            self.connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection, which drops its temporary tables."""
        self.connection.close()

    def run(self, sql: str) -> Answer:
        """Run one statement, and give its result.

        Raises:
            SqlFailure: it failed; the message is Redshift's.
        """
        try:
            return self._run(sql)
        except duckdb.Error as problem:
            raise translated(problem) from problem

    def _run(self, sql: str) -> Answer:
        statement = dialect.tokens(sql)
        verb = dialect.words(statement, 1)
        if self.access.manages(statement, verb):
            self.access.manage(statement, verb)
            return Answer(None, (), 0)
        if verb not in _CONTROL:
            self.access.check(statement, verb)
        answer = self._run_allowed(sql, statement, verb)
        self.access.follow(verb)
        return answer

    def _run_allowed(self, sql: str, statement: dialect.Tokens, verb: str) -> Answer:
        if verb == "COPY":
            return Answer(None, (), self.copier.run(self.connection, sql))
        if verb == "LOCK":
            return self._lock(statement)
        if verb in _NO_OPERATION:
            return Answer(None, (), 0)
        if verb in _CONTROL and self.is_kept:
            return self._control(statement, verb)
        if dialect.words(statement, 2) == "SET SEARCH_PATH":
            return self._search(statement)
        self._refuse(verb, sql)
        answer = self._execute(dialect.translate(statement))
        if verb == "TRUNCATE":
            self.commit()  # in Redshift, TRUNCATE commits the transaction that it is in
            self.begin()
        return answer

    def _refuse(self, verb: str, sql: str) -> None:
        if verb in _REFUSED or re.search(r"\bREMOVE\s+DUPLICATES\b", sql, re.IGNORECASE):
            raise SqlFailure(f"ERROR: {verb} is not part of the local Redshift")
        if verb in _CONTROL:
            raise SqlFailure(f"ERROR: {verb} is the Data API's own business")
        alters = verb == "ALTER" and re.search(r"\bALTER\s+COLUMN\b", sql, re.IGNORECASE)
        if self.transaction and (verb == "VACUUM" or alters):
            command = "VACUUM" if verb == "VACUUM" else "ALTER TABLE ALTER COLUMN"
            raise SqlFailure(f"ERROR: {command} cannot run inside a transaction block")

    def _control(self, statement: dialect.Tokens, verb: str) -> Answer:
        if verb in ("BEGIN", "START"):
            access = " READ ONLY" if "READ ONLY" in dialect.text(statement).upper() else ""
            self.connection.execute(f"BEGIN TRANSACTION{access}")
        else:
            self.connection.execute("COMMIT" if verb in ("COMMIT", "END") else "ROLLBACK")
        return Answer(None, (), 0)

    def _search(self, statement: dialect.Tokens) -> Answer:
        """Set the search path. As in Redshift, a schema that does not exist may be named."""
        names = [each.text.strip('"') for each in statement if each.kind in ("word", "quoted")][3:]
        rows = self.connection.execute("SELECT schema_name FROM information_schema.schemata")
        schemas = {row[0] for row in rows.fetchall()}
        path = ",".join(name for name in names if name in schemas)
        self.connection.execute(f"SET search_path = '{path}'")
        return Answer(None, (), 0)

    def _lock(self, statement: dialect.Tokens) -> Answer:
        names = dialect.text(statement).split(None, 1)[1]
        names = re.sub(r"(?i)^TABLE\s+|\s+IN\s+.*$", "", names.strip())
        for name in names.split(","):
            self.connection.execute(f"SELECT 1 FROM {name.strip()} LIMIT 0")  # noqa: S608 - local
        return Answer(None, (), 0)

    def _execute(self, sql: str) -> Answer:
        result = self.connection.execute(sql)
        description = result.description or []
        records = tuple(result.fetchall())
        if any(_row_bytes(record) > MAX_ROW_BYTES for record in records):
            raise SqlFailure("ERROR: Packet for query is too large: a row has over 64 KB")
        names = [column[0] for column in description]
        if names == ["Count"] and not re.match(r"(?i)\s*(SELECT|WITH)\b", sql):
            return Answer(None, (), int(records[0][0]) if records else 0)
        if not re.match(r"(?i)\s*[(]*\s*(SELECT|WITH|SHOW|EXPLAIN|DESCRIBE|VALUES)\b", sql):
            return Answer(None, (), 0)
        columns = tuple((column[0], _type_name(str(column[1]))) for column in description)
        return Answer(columns, records, len(records))


def field(value: Any) -> dict[str, Any]:
    """One value in the form of the Data API's `Field`."""
    match value:
        case None:
            return {"isNull": True}
        case bool():
            return {"booleanValue": value}
        case int():
            return {"longValue": value}
        case float():
            return {"doubleValue": value}
        case list() | dict():
            return {"stringValue": json.dumps(value, default=str)}
        case _:
            return {"stringValue": str(value)}


def _row_bytes(record: tuple[Any, ...]) -> int:
    values = (next(iter(field(value).values())) for value in record)
    return sum(len(value.encode()) if isinstance(value, str) else 8 for value in values)


def _type_name(duckdb_type: str) -> str:
    return _TYPE_NAMES.get(duckdb_type, "numeric" if "DECIMAL" in duckdb_type else "varchar")
