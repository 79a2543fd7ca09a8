"""What differs between vendors when they are told the same, and what a load says of itself."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from runtime.core.warehouse.plan import NEVER, Arrivals, Staging
from runtime.core.warehouse.tables import Column, ColumnType, Table


class StagedTable(NamedTuple):
    """A table of a load whose file is staged."""

    table: Table
    columns: Sequence[Column]  # of the file, in its order; `load_id` is not among them
    uri: str  # of the manifest, as the vendor reads it
    rows: int = 0  # of the file
    discarded: int = 0  # rows that the warehouse cannot hold whole, or refused
    received: Arrivals = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What one load says of itself in `_loads`."""

    schema: str
    load_id: str
    versions: str
    copy_role: str = ""  # the name or ARN of what lets the warehouse read staged files


def literal(value: object) -> str:
    """A value as an SQL literal, quoted so that the value cannot end its quotes.

    A warehouse may read a backslash as an escape, so one is written as the character of its number.
    """
    if isinstance(value, int):
        return str(value)
    pieces = str(value).replace("'", "''").split("\\")
    quoted = " || CHR(92) || ".join(f"'{piece}'" for piece in pieces)
    return quoted if len(pieces) == 1 else f"({quoted})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One vendor's words. In each text, `{name}` is an identifier that is put in as it stands."""

    types: Mapping[ColumnType, str]
    text_type: Callable[[int], str]  # the type of a text of at most so many bytes
    staged_json: str  # the type of JSON in a stage
    parsed: Callable[[str], str]  # the expression that makes a staged JSON column JSON
    now: str  # the moment of the transaction
    placement: Callable[[Table], str]  # what stands behind a table's columns
    own_placement: str  # the same of `_loads`, `_erasures` and `_schema`
    create_schema: str  # of {schema}; may be repeated
    lock: str  # of {ledger}; waits for any other load or erasure, and takes no snapshot
    # Fails if {ledger} has the load [[load_id]] already, for vendors whose lock is not enough.
    guard: str
    stage: str  # makes the empty temporary table {name} with {columns}
    copy: Callable[[str, StagedTable, Transaction], str]  # fills the stage of this name
    # Deletes from the first table the rows that match one of the second by the condition.
    delete_using: str  # of {target}, {source} and {condition}
    staging: Staging
    categorize: Callable[[str], str]  # the category of an error's text; `unknown` when none fits
    max_statements: int = 1_000  # of one transaction
    create_table: str = "CREATE TABLE IF NOT EXISTS {name} ({columns}) {placement}"
    create_view: str = "CREATE OR REPLACE VIEW {name} AS {select}"  # may be repeated
    add_column: str = "ALTER TABLE {table} ADD COLUMN {column}"
    temporary: str = ""  # what the name of a temporary table begins with
    collation: str = ""  # behind the type of a text, where it decides which texts are equal
    # The types of columns of a stage that are not those of the table: an INSERT turns them.
    staged_types: Mapping[ColumnType, str] = field(default_factory=dict)
    encoding: Mapping[ColumnType, str] = field(default_factory=dict)  # behind a column's type
    literal: Callable[[object], str] = literal
    # What makes the rows of a key quick to find, for vendors that need it: statements of {schema},
    # which may be repeated.
    indexes: Callable[[Table], Iterable[str]] = lambda _table: ()

    def type_of(self, column: Column) -> str:
        """The type of a column of a table."""
        match column.type:
            case ColumnType.TEXT:
                return f"{self.text_type(column.max_bytes)}{self.collation}"
            case _:
                return self.types[column.type]

    def moment(self, text: str) -> str:
        """An ISO 8601 time as a timestamp."""
        return f"CAST({self.literal(text)} AS {self.types[ColumnType.TIMESTAMP]})"

    def staged_type_of(self, column: Column) -> str:
        """The type of a column of a stage."""
        if column.type is ColumnType.JSON:
            return self.staged_json
        return self.staged_types.get(column.type) or self.type_of(column)
