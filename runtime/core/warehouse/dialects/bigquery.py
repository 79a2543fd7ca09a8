"""BigQuery's words (GoogleSQL). A schema of ours is a dataset there."""

from typing import Final

from runtime.core.warehouse import staged_files
from runtime.core.warehouse.dialect import Dialect, StagedTable, Transaction
from runtime.core.warehouse.plan import Staging
from runtime.core.warehouse.tables import Column, ColumnType, Table

MAX_PROPERTIES_BYTES: Final = 10 * 1024 * 1024  # no event or profile comes near a row's 100 MB

# An error that contains the text on the left belongs to the category on the right. The first match
# decides.
_CATEGORIES: Final = (
    ("already loaded", "already_loaded"),
    ("column already exists", "column_exists"),
    ("concurrent", "busy"),
    ("accessdenied", "permission"),
    ("access denied", "permission"),
    ("does not have permission", "permission"),
    ("ratelimitexceeded", "busy"),
    ("quotaexceeded", "busy"),
    ("backenderror", "busy"),
    ("internalerror", "busy"),
    ("notfound", "missing_table"),
    ("not found", "missing_table"),
    ("parse_json", "data"),
    ("json", "data"),
    ("bad int64 value", "data"),
    ("parquet", "data"),
    ("cast", "data"),
)
_TYPES: Final = {
    ColumnType.TEXT: "STRING",
    ColumnType.BIGINT: "INT64",
    ColumnType.SMALLINT: "INT64",
    ColumnType.DOUBLE: "FLOAT64",
    ColumnType.BOOLEAN: "BOOL",
    ColumnType.TIMESTAMP: "TIMESTAMP",
    ColumnType.JSON: "JSON",
}
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r"})


def categorize(error: str) -> str:
    """The category of an error; `unknown` when none fits."""
    text = error.lower()
    return next((code for word, code in _CATEGORIES if word in text), "unknown")


def literal(value: object) -> str:
    """A value as a literal of GoogleSQL, which knows backslashes and no line breaks in quotes."""
    return str(value) if isinstance(value, int) else f"'{str(value).translate(_ESCAPES)}'"


def _staged_type(column: Column) -> str:
    return "STRING" if column.type is ColumnType.JSON else _TYPES[column.type]


def _copy(stage: str, staged: StagedTable, transaction: Transaction) -> str:
    # BigQuery reads no S3: who runs this uploads the files of the list with a load job of its own,
    # and copies the rows from there.
    columns = ", ".join(f"{column.name} {_staged_type(column)}" for column in staged.columns)
    return (
        f"LOAD DATA INTO {transaction.schema}.{stage} ({columns})"
        f" FROM FILES (format = 'PARQUET', uris = [{literal(staged.uri)}])"
    )


def _placement(table: Table) -> str:
    # Loads find rows by their key; analysts mostly ask for a span of time, which costs less then.
    return f"PARTITION BY TIMESTAMP_TRUNC({table.arrived}, MONTH) CLUSTER BY {', '.join(table.key)}"


DIALECT: Final = Dialect(
    types=_TYPES,
    text_type=lambda _max_bytes: "STRING",
    staged_json="STRING",
    parsed=lambda name: f"PARSE_JSON({name}, wide_number_mode => 'round')",
    now="CURRENT_TIMESTAMP()",
    placement=_placement,
    own_placement="",
    create_schema="CREATE SCHEMA IF NOT EXISTS {schema}",
    # Of two transactions that change rows of one table, BigQuery cancels one. There is no lock to
    # wait for, and an INSERT alone would be no conflict.
    lock="UPDATE {ledger} SET versions = versions WHERE TRUE",
    guard="SELECT IF(COUNT(*) > 0, ERROR(CONCAT('already loaded ', [[load_id]])), 0) AS fresh"
    " FROM {ledger} WHERE load_id = [[load_id]]",
    stage="CREATE TEMP TABLE {name} ({columns})",
    copy=_copy,
    delete_using="DELETE FROM {target} WHERE EXISTS (SELECT 1 FROM {source} WHERE {condition})",
    staging=Staging(
        codec="snappy",
        max_properties_bytes=MAX_PROPERTIES_BYTES,
        manifest=staged_files.written,
    ),
    categorize=categorize,
    literal=literal,
)
