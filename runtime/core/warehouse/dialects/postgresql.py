"""PostgreSQL's words, and what we do for it: it reads no files by itself."""

from collections.abc import Iterator
from typing import Final

from runtime.core.warehouse import staged_files
from runtime.core.warehouse.dialect import Dialect, StagedTable, Transaction, literal
from runtime.core.warehouse.plan import Staging
from runtime.core.warehouse.tables import ColumnType, Table

# As much as one value of JSONB may hold; no event or profile comes near it.
MAX_PROPERTIES_BYTES: Final = 255 * 1024 * 1024

# Errors begin with their SQLSTATE, which is the same in every language of a server's messages. The
# first line that fits decides: a code, or the class that it begins with.
_CATEGORIES: Final = (
    ("42501", "permission"),
    ("28", "permission"),
    ("42701", "column_exists"),
    ("42P01", "missing_table"),
    ("42703", "missing_table"),
    ("3F000", "missing_table"),
    ("58P01", "missing_file"),
    ("22", "data"),
    ("23", "data"),
    ("40", "busy"),  # serialization failures and deadlocks
    ("53", "busy"),  # no memory, no disk, no connection left
    ("55P03", "busy"),  # the lock was not to be had in time
    ("57", "busy"),  # cancelled, or the server goes down
)


def categorize(error: str) -> str:
    """The category of an error that begins with its SQLSTATE; `unknown` when none fits."""
    if "already loaded" in error:
        return "already_loaded"
    return next((code for state, code in _CATEGORIES if error.startswith(state)), "unknown")


def _copy(stage: str, staged: StagedTable, _transaction: Transaction) -> str:
    # No server of a tenant reads our bucket: who runs this reads the files of the list, and feeds
    # their rows to COPY FROM STDIN.
    columns = ", ".join(column.name for column in staged.columns)
    return f"COPY {stage} ({columns}) FROM {literal(staged.uri)}"


def _parsed(name: str) -> str:
    # JSONB holds no NUL, which JSON writes as \u0000. Where the backslash is escaped itself, that
    # is no NUL.
    plain = rf"regexp_replace({name}, '(?<!\\)((?:\\\\)*)\\u0000', '\1', 'g')"
    return f"CAST({plain} AS JSONB)"


def _indexes(table: Table) -> Iterator[str]:
    yield (
        f"CREATE UNIQUE INDEX IF NOT EXISTS {table.name}_key"
        f" ON {{schema}}.{table.name} ({', '.join(table.key)})"
    )
    if table.person is not None and table.person != table.key[0]:
        yield (
            f"CREATE INDEX IF NOT EXISTS {table.name}_person"
            f" ON {{schema}}.{table.name} ({table.person})"
        )


DIALECT: Final = Dialect(
    types={
        ColumnType.BIGINT: "BIGINT",
        ColumnType.SMALLINT: "SMALLINT",
        ColumnType.DOUBLE: "DOUBLE PRECISION",
        ColumnType.BOOLEAN: "BOOLEAN",
        ColumnType.TIMESTAMP: "TIMESTAMPTZ",
        ColumnType.JSON: "JSONB",
    },
    text_type=lambda _max_bytes: "TEXT",
    staged_json="TEXT",
    parsed=_parsed,
    now="now()",
    placement=lambda _table: "",
    own_placement="",
    create_schema="CREATE SCHEMA IF NOT EXISTS {schema}",
    lock="LOCK TABLE {ledger}",
    # NULL casts, an id does not: the whole transaction ends here.
    guard="SELECT CAST('already loaded ' || MAX(load_id) AS INTEGER) AS fresh FROM {ledger}"
    " WHERE load_id = [[load_id]]",
    stage="CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP",
    copy=_copy,
    delete_using="DELETE FROM {target} USING {source} WHERE {condition}",
    staging=Staging(
        codec="zstd",
        max_properties_bytes=MAX_PROPERTIES_BYTES,
        manifest=staged_files.written,
    ),
    categorize=categorize,
    indexes=_indexes,
)
