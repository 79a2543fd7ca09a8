"""Snowflake's words."""

from typing import Final

from runtime.core.warehouse import staged_files
from runtime.core.warehouse.dialect import Dialect, StagedTable, Transaction, literal
from runtime.core.warehouse.plan import Staging
from runtime.core.warehouse.tables import Column, ColumnType

MAX_PROPERTIES_BYTES: Final = 16 * 1024 * 1024  # of a VARIANT

# An error that contains the text on the left belongs to the category on the right. The first match
# decides.
_CATEGORIES: Final = (
    ("already loaded", "already_loaded"),
    ("already exists", "column_exists"),
    ("insufficient privileges", "permission"),
    ("jwt token is invalid", "permission"),
    ("access denied", "permission"),
    ("remote file", "missing_file"),
    ("does not exist", "missing_table"),
    ("lock", "busy"),  # a statement that has waited for one is cancelled
    ("timed out", "busy"),
    ("overloaded", "busy"),
    ("json", "data"),
    ("parquet", "data"),
    ("is too long", "data"),
    ("not recognized", "data"),
    ("cast", "data"),
)
_TYPES: Final = {
    ColumnType.TEXT: "VARCHAR",
    ColumnType.BIGINT: "BIGINT",
    ColumnType.SMALLINT: "SMALLINT",
    ColumnType.DOUBLE: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.TIMESTAMP: "TIMESTAMP_NTZ",
    ColumnType.JSON: "VARIANT",
}


def categorize(error: str) -> str:
    """The category of an error; `unknown` when none fits."""
    text = error.lower()
    return next((code for word, code in _CATEGORIES if word in text), "unknown")


def _copy(stage: str, staged: StagedTable, _transaction: Transaction) -> str:
    # Who runs this puts the files of the list where the account's external stage finds them.
    names = ", ".join(column.name for column in staged.columns)
    values = ", ".join(f"$1:{column.name}::{_staged_type(column)}" for column in staged.columns)
    return (
        f"COPY INTO {stage} ({names}) FROM (SELECT {values} FROM {literal(staged.uri)})"  # noqa: S608 - our own names
        " FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE)"
    )


def _staged_type(column: Column) -> str:
    return _TYPES[ColumnType.TEXT if column.type is ColumnType.JSON else column.type]


DIALECT: Final = Dialect(
    types=_TYPES,
    text_type=lambda _max_bytes: "VARCHAR",
    staged_json="VARCHAR",
    parsed=lambda name: f"PARSE_JSON({name})",
    now="SYSDATE()",
    placement=lambda _table: "",
    own_placement="",
    create_schema="CREATE SCHEMA IF NOT EXISTS {schema}",
    # Snowflake locks a table for whoever changes its rows, until the transaction ends. Another
    # waits, and then reads what was committed: each statement has a snapshot of its own.
    lock="UPDATE {ledger} SET versions = versions",
    # NULL casts, an id does not: the whole transaction ends here.
    guard="SELECT CAST('already loaded ' || MAX(load_id) AS INTEGER) AS fresh FROM {ledger}"
    " WHERE load_id = [[load_id]]",
    stage="CREATE TEMPORARY TABLE {name} ({columns})",
    copy=_copy,
    delete_using="DELETE FROM {target} USING {source} WHERE {condition}",
    staging=Staging(
        codec="snappy",
        max_properties_bytes=MAX_PROPERTIES_BYTES,
        manifest=staged_files.written,
    ),
    categorize=categorize,
)
