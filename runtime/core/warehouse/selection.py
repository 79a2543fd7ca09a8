"""What a sync takes of a tenant's rows: which tables, which topics, and which promoted columns."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from runtime.core.events import topics
from runtime.core.json_text import dump
from runtime.core.warehouse import tables
from runtime.core.warehouse.tables import Column, ColumnType, Table
from runtime.errors import BadInput

MAX_COLUMNS: Final = 100  # promoted ones of a sync; warehouses have room for 1,600 in a table
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")  # no vendor has to quote it
MAX_PATH_CHARS: Final = 256  # so that what `_meta` says of 100 columns fits a text
MAX_STEPS: Final = 8  # of a path into properties
_STEP: Final = r"[^.\x00-\x1f]{1,128}"
PATH: Final = re.compile(rf"{_STEP}(\.{_STEP}){{0,{MAX_STEPS - 1}}}")
# Words that some vendor does not take as a column's name without quotes.
RESERVED: Final = """
    all analyse analyze and any array as asc between both case cast check collate column create
    cross current current_date current_time current_timestamp current_user default delete desc
    distinct do drop else end except exists false fetch following for foreign from full grant
    group having in inner insert intersect interval into is join key lateral leading left like
    limit natural new not null of off offset old on only or order outer over overlaps partition
    permissions percent placing primary qualify raw references respect right row rows sample
    select session_user set some start system_user table tag then to top trailing true truncate
    union unique update user using values when where window with within
"""


class PromotedType(StrEnum):
    """What a promoted column holds."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"

    @property
    def column_type(self) -> ColumnType:
        """The type of its column."""
        match self:
            case PromotedType.STRING:
                return ColumnType.TEXT
            case PromotedType.NUMBER:
                return ColumnType.DOUBLE
            case PromotedType.BOOLEAN:
                return ColumnType.BOOLEAN
            case PromotedType.TIMESTAMP:
                return ColumnType.TIMESTAMP


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotedColumn:
    """A column that a tenant wants of a property, beside `properties`, which keeps everything."""

    table: str  # `events` or `profiles`
    name: str  # of the column
    type: PromotedType
    path: str  # into the properties: names with dots between them

    @property
    def place(self) -> str:
        """The table and the column, with a dot between them."""
        return f"{self.table}.{self.name}"

    @property
    def steps(self) -> Sequence[str]:
        """The names of the path, from the outside in."""
        return self.path.split(".")

    @property
    def column(self) -> Column:
        """The column as it stands in the table."""
        return Column(
            name=self.name, type=self.type.column_type, meaning=f"properties `{self.path}`"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a sync takes; the default is everything, and no promoted column."""

    tables: tuple[str, ...] = ()  # names of tables; empty for all
    include_topics: tuple[str, ...] = ()  # topics or `message.email.*`; empty for all
    exclude_topics: tuple[str, ...] = ()  # of those that are included
    columns: tuple[PromotedColumn, ...] = ()  # only ever added to

    @property
    def digest(self) -> str:
        """A short hash of the selection; empty for the default. It is part of each load's id."""
        if self == Selection():
            return ""
        columns = [[each.table, each.name, each.type.value, each.path] for each in self.columns]
        parts = [self.tables, self.include_topics, self.exclude_topics, columns]
        return hashlib.sha256(dump(parts).encode()).hexdigest()[:8]

    def takes(self, table: Table) -> bool:
        """Whether the sync has this table."""
        return not self.tables or table.name in self.tables

    def promoted(self, table: Table) -> Sequence[PromotedColumn]:
        """The promoted columns of a table, in the order in which they were added."""
        return [column for column in self.columns if column.table == table.name]

    def columns_of(self, table: Table) -> Sequence[Column]:
        """All columns of a table's file, our own and the promoted ones."""
        return [*table.columns, *(promoted.column for promoted in self.promoted(table))]


def check(selection: Selection) -> Selection:
    """The selection with topics by our own names, if every part of it can be.

    Raises:
        BadInput: codes `bad_tables`, `too_many_topics`, `unknown_topic`, `bad_column`; the message
            says what to do.
    """
    _check_tables(selection)
    if len(selection.columns) > MAX_COLUMNS:
        raise _bad_column(f"at most {MAX_COLUMNS} columns")
    seen = {(table.name, column.name) for table in tables.TABLES for column in table.columns}
    seen |= {(table.name, tables.LOAD_ID.name) for table in tables.TABLES}
    for column in selection.columns:
        _check_column(column)
        if (column.table, column.name) in seen:
            raise _bad_column(f"{column.table} has a column {column.name} already; name another")
        seen.add((column.table, column.name))
    return replace(
        selection,
        include_topics=_topics(selection.include_topics, at="include_topics"),
        exclude_topics=_topics(selection.exclude_topics, at="exclude_topics"),
    )


def check_change(old: Selection, new: Selection) -> Selection:
    """The new selection, if a sync that has the old one may be given it.

    Raises:
        BadInput: as `check`, or code `column_changed`: a column would go, or become another.
    """
    if new.columns[: len(old.columns)] != old.columns:
        raise BadInput(
            "columns are only ever added: list those that there are as they are, then the new ones",
            field="columns",
            code="column_changed",
        )
    return check(new)


def _topics(names: Sequence[str], *, at: str) -> tuple[str, ...]:
    return topics.parse_all(names, at=at) if names else ()


def _check_tables(selection: Selection) -> None:
    unknown = [name for name in selection.tables if name not in tables.BY_NAME]
    if unknown:
        raise BadInput(
            f"there is no table {unknown[0]!r}; there are {', '.join(tables.BY_NAME)}",
            field="tables",
            code="bad_tables",
        )
    for table in tables.TABLES:
        if (
            selection.takes(table)
            and table.parent
            and table.parent not in (selection.tables or tables.BY_NAME)
        ):
            raise BadInput(
                f"{table.name} needs {table.parent}, whose rows it follows: list both",
                field="tables",
                code="bad_tables",
            )


def _check_column(column: PromotedColumn) -> None:
    if column.table not in ("events", "profiles"):
        raise _bad_column(f"a column is of events or profiles, not of {column.table!r}")
    if not NAME.fullmatch(column.name) or column.name in RESERVED.split():
        raise _bad_column(
            f"{column.name!r} cannot be a column's name: a letter, then letters, digits and _, all"
            " lower case, at most 63, and no word of SQL"
        )
    if len(column.path) > MAX_PATH_CHARS or not PATH.fullmatch(column.path):
        raise _bad_column(
            f"{column.path[:MAX_PATH_CHARS]!r} is no path: at most {MAX_STEPS} names with dots"
            f" between, {MAX_PATH_CHARS} characters in all"
        )


def _bad_column(rule: str) -> BadInput:
    return BadInput(rule, field="columns", code="bad_column")
