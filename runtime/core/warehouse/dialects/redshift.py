"""Redshift's words, and what it asks of staged files."""

import json
from collections.abc import Sequence
from typing import Final

from runtime.core.warehouse.dialect import Dialect, StagedTable, Transaction, literal
from runtime.core.warehouse.plan import StagedFile, Staging
from runtime.core.warehouse.tables import ColumnType, Table

MAX_STATEMENTS: Final = 40  # in one BatchExecuteStatement
MAX_PROPERTIES_BYTES: Final = 65_535  # the longest VARCHAR, and the longest string inside a SUPER

PERMISSION: Final = "permission"  # somebody must grant something
# An error that contains the text on the left belongs to the category on the right. The first match
# decides.
_CATEGORIES: Final = (
    ("already loaded", "already_loaded"),
    ("already exists", "column_exists"),
    ("permission denied", PERMISSION),
    ("not authorized", PERMISSION),
    ("must be owner of", PERMISSION),
    ("access denied", PERMISSION),
    ("accessdenied", PERMISSION),
    ("mandatory url", "missing_file"),
    ("nosuchkey", "missing_file"),
    ("problem reading manifest", "missing_file"),
    ("spectrum", "data"),
    ("schema", "missing_table"),
    ("relation", "missing_table"),
    ("1023", "busy"),
    ("serializable isolation", "busy"),
    ("lock", "busy"),
    ("throttl", "busy"),
    ("resize", "busy"),
    ("parquet", "data"),
    ("value too long", "data"),
    ("invalid input", "data"),
    ("json", "data"),
)


def manifest(files: Sequence[StagedFile]) -> str:
    """The manifest of a COPY, which fails if a file is missing or has another size."""
    entries = [
        {
            "url": file.uri,
            "mandatory": True,  # Redshift's default, false, would skip a missing file
            "meta": {"content_length": file.size_bytes},
        }
        for file in files
    ]
    return json.dumps({"entries": entries}, separators=(",", ":"))


def categorize(error: str) -> str:
    """The category of a Redshift error message; `unknown` when none fits."""
    text = error.lower()
    if "does not exist" not in text:
        text = text.replace("schema", "").replace("relation", "")
    return next((code for word, code in _CATEGORIES if word in text), "unknown")


def _placement(table: Table) -> str:
    return f"DISTKEY ({table.person or table.key[0]}) SORTKEY ({table.arrived})"


def _copy(stage: str, staged: StagedTable, transaction: Transaction) -> str:
    columns = ", ".join(column.name for column in staged.columns)
    return (
        f"COPY {stage} ({columns}) FROM {literal(staged.uri)}"
        f" IAM_ROLE {literal(transaction.copy_role)} FORMAT AS PARQUET MANIFEST"
    )


DIALECT: Final = Dialect(
    types={
        ColumnType.BIGINT: "BIGINT",
        ColumnType.SMALLINT: "SMALLINT",
        ColumnType.DOUBLE: "DOUBLE PRECISION",
        ColumnType.BOOLEAN: "BOOLEAN",
        ColumnType.TIMESTAMP: "TIMESTAMP",
        ColumnType.JSON: "SUPER",
    },
    text_type=lambda max_bytes: f"VARCHAR({max_bytes})",
    # COPY would make a SUPER string of it, not an object.
    staged_json=f"VARCHAR({MAX_PROPERTIES_BYTES})",
    parsed=lambda name: f"JSON_PARSE({name})",
    now="GETDATE()",
    placement=_placement,
    own_placement="DISTSTYLE ALL",
    create_schema="CREATE SCHEMA IF NOT EXISTS {schema}",
    lock="LOCK TABLE {ledger}",
    # NULL casts, an id does not: the whole transaction ends here.
    guard="SELECT CAST('already loaded ' || MAX(load_id) AS INTEGER) AS fresh FROM {ledger}"
    " WHERE load_id = [[load_id]]",
    stage="CREATE TEMP TABLE {name} ({columns})",
    copy=_copy,
    delete_using="DELETE FROM {target} USING {source} WHERE {condition}",
    staging=Staging(
        codec="snappy",  # beside gzip, the only codec that Redshift's documents name
        max_properties_bytes=MAX_PROPERTIES_BYTES,
        manifest=manifest,
    ),
    categorize=categorize,
    max_statements=MAX_STATEMENTS,
    encoding={
        ColumnType.TEXT: "ENCODE zstd",
        ColumnType.BIGINT: "ENCODE az64",
        ColumnType.SMALLINT: "ENCODE az64",
    },
)
