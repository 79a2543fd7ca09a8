"""The words of a dedicated SQL pool of Azure Synapse (Transact-SQL)."""

from typing import Final

from runtime.core.warehouse import staged_files
from runtime.core.warehouse.dialect import Dialect, StagedTable, Transaction
from runtime.core.warehouse.plan import Staging
from runtime.core.warehouse.tables import ColumnType, Table

MAX_NVARCHAR: Final = 4_000  # UTF-16 units; a longer text is NVARCHAR(MAX)
# A row that COPY reads has at most 1 MB, and each character of a text takes two bytes of it.
MAX_PROPERTIES_BYTES: Final = 400_000
# What decides an error's category: a text that the error contains.
_WORDS: Final = (
    ("already loaded", "already_loaded"),
    ("missing file", "missing_file"),  # in our own bucket
    ("(403)", "permission"),  # of the container
    ("(404)", "missing_file"),
    ("external location", "missing_file"),
    ("hdfsbridge", "data"),  # the reader of Parquet
)
# Then the number of the server's message, which errors begin with.
_NUMBERS: Final = {
    "permission": {229, 230, 262, 297, 916, 4060, 15151, 15247, 18456, 40615},
    "column_exists": {2705},
    "missing_table": {207, 208, 2760, 4902},
    "busy": {1205, 1222, 10928, 10929, 40197, 40501, 40613, 49918, 49919, 49920},
    "data": {220, 232, 241, 242, 245, 515, 2628, 8114, 8115, 8152, 106000},
}


def categorize(error: str) -> str:
    """The category of an error that begins with its number; `unknown` when none fits."""
    text = error.lower()
    for word, code in _WORDS:
        if word in text:
            return code
    number = error.partition(" ")[0]
    return next(
        (code for code, numbers in _NUMBERS.items() if number in map(str, numbers)), "unknown"
    )


def literal(value: object) -> str:
    """A value as a literal of Transact-SQL, where a backslash before a line break joins lines."""
    if isinstance(value, int):
        return str(value)
    pieces = str(value).replace("'", "''").split("\\")
    quoted = " + NCHAR(92) + ".join(f"N'{piece}'" for piece in pieces)
    return quoted if len(pieces) == 1 else f"({quoted})"


def _text_type(max_bytes: int) -> str:
    # A text never has more UTF-16 units than bytes of UTF-8.
    return f"NVARCHAR({max_bytes if max_bytes <= MAX_NVARCHAR else 'MAX'})"


def _copy(stage: str, staged: StagedTable, _transaction: Transaction) -> str:
    # Who runs this puts the files of the list into the tenant's container, and names the
    # credential, which no statement of ours holds.
    columns = ", ".join(column.name for column in staged.columns)
    return f"COPY INTO {stage} ({columns}) FROM '{staged.uri}'"


def _placement(table: Table) -> str:
    # By the key, because loads find rows by it. No columnstore: it takes no NVARCHAR(MAX).
    return f"WITH (DISTRIBUTION = HASH({table.key[0]}), HEAP)"


DIALECT: Final = Dialect(
    types={
        ColumnType.BIGINT: "BIGINT",
        ColumnType.SMALLINT: "SMALLINT",
        ColumnType.DOUBLE: "FLOAT",
        ColumnType.BOOLEAN: "BIT",
        ColumnType.TIMESTAMP: "DATETIME2(6)",
        ColumnType.JSON: "NVARCHAR(MAX)",
    },
    text_type=_text_type,
    # A database's own collation mostly takes `a` for `A`, and one event's id for another's.
    collation=" COLLATE Latin1_General_100_BIN2",
    staged_json="NVARCHAR(MAX)",
    # COPY fails where a type of Parquet is not the one that it expects. All values are staged as
    # text, which the INSERT turns into the column's type.
    staged_types=dict.fromkeys(
        (
            ColumnType.BIGINT,
            ColumnType.SMALLINT,
            ColumnType.DOUBLE,
            ColumnType.BOOLEAN,
            ColumnType.TIMESTAMP,
        ),
        "NVARCHAR(64)",
    ),
    parsed=lambda name: name,  # there is no type for JSON
    now="GETUTCDATE()",
    placement=_placement,
    own_placement="WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)",
    # CREATE SCHEMA and CREATE VIEW must be alone in their batch, which EXEC makes for them.
    create_schema="IF SCHEMA_ID(N'{schema}') IS NULL EXEC(N'CREATE SCHEMA {schema}')",
    create_table="IF OBJECT_ID(N'{name}', N'U') IS NULL"
    " CREATE TABLE {name} ({columns}) {placement}",
    create_view="IF OBJECT_ID(N'{name}', N'V') IS NULL EXEC(N'CREATE VIEW {name} AS {select}')",
    add_column="ALTER TABLE {table} ADD {column}",
    # Whatever it changes, an UPDATE locks the table for all other UPDATEs and DELETEs until the
    # transaction ends. Another loader waits, and its guard then reads what was committed.
    lock="UPDATE {ledger} SET versions = versions",
    # NULL casts, an id does not: the whole transaction ends here.
    guard="SELECT CAST(N'already loaded ' + MAX(load_id) AS INT) AS fresh FROM {ledger}"
    " WHERE load_id = [[load_id]]",
    temporary="#",
    stage="CREATE TABLE {name} ({columns}) WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)",
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
