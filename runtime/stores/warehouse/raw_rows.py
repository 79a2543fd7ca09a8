"""Reads raw batches into DuckDB, and says how the rows of each table are made of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import duckdb

from runtime.core.archive.raw_log import Kind
from runtime.core.events import topics
from runtime.core.warehouse import tables
from runtime.core.warehouse.plan import Load
from runtime.core.warehouse.selection import PromotedColumn, PromotedType, Selection
from runtime.core.warehouse.tables import MAX_TEXT_BYTES, Column, ColumnType, Table

# Raw rows have texts for times, and JSON as text, byte for byte.
_RAW_TYPES: Final = {
    ColumnType.TEXT: "VARCHAR",
    ColumnType.JSON: "VARCHAR",
    ColumnType.TIMESTAMP: "VARCHAR",
    ColumnType.BIGINT: "BIGINT",
    ColumnType.SMALLINT: "SMALLINT",
    ColumnType.DOUBLE: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
}
# What raw rows have besides the columns of their own table.
_MORE: Final = {
    Kind.PROFILES: {"names": "VARCHAR"}  # JSON: a list of `kind`, `value` and `event_profile_id`
}
# Warehouses refuse NUL in a text column; inside JSON text it is escaped already. The door refuses
# it in a person's names, but the raw log may hold some from before. Both tables must spell them
# alike, or they do not join.
_PLAIN_TEXTS: Final = {
    Kind.EVENTS: ("profile_id",),
    Kind.PROFILES: ("profile_id", "external_id", "email", "phone"),
    Kind.DELIVERIES: ("reason", "error"),
    Kind.RUNS: ("error_type", "error_code"),
}
PARENTS: Final = {table.source: table for table in tables.TABLES if table.parent is None}
# The properties that a column of `messages` is taken from: the first that there is.
_MESSAGE_PATHS: Final = {
    "campaign_id": ("campaign_id", "$campaign"),
    "flow_id": ("flow_id", "$flow"),
    "message_id": ("message_id", "$message"),
    "subject": ("subject", "Subject"),
    "link": ("url", "link", "URL"),
    "bounce_type": ("bounce_type", "Bounce Type"),
}
SUFFIX: Final = "_rows"  # ends the name of the table with the rows of one kind


def read(
    connection: duckdb.DuckDBPyConnection, kind: Kind, inputs: Sequence[Path], *, load: Load
) -> int:
    """Read one copy of each of the load's rows of a kind; returns how many rows there are.

    The rows stand in the order of the batches and of the lines in each.
    """
    parent = PARENTS[kind]
    more = _MORE.get(kind, {})
    raw = {"tenant": "VARCHAR", **_raw_columns(parent), **more}
    replaced = ", ".join(
        f"replace({name}, chr(0), '') AS {name}" for name in _PLAIN_TEXTS.get(kind, ())
    )
    plain = f" REPLACE ({replaced})" if replaced else ""
    kept = ", ".join([*map(_cast, own_columns(parent)), *more])
    columns = promoted(load.selection.promoted(parent)) if has_meta(parent) else ()
    made = "".join(f", {column}" for column in columns)
    name = f"{kind}{SUFFIX}"
    connection.execute(
        f"""CREATE TEMP TABLE {name} AS SELECT {kept}{made}
            FROM (SELECT *{plain} FROM read_json(
                $files, format = 'newline_delimited', compression = 'gzip',
                columns = {_struct(raw)}))
            WHERE tenant = $tenant{topic_filter(load.selection) if kind is Kind.EVENTS else ""}""",
        {"files": [str(path) for path in inputs], "tenant": load.tenant},
    )
    own = [column.name for column in own_columns(parent)]
    return keep_latest(connection, name, parent, columns=[*own, *more])


def keep_latest(
    connection: duckdb.DuckDBPyConnection, name: str, parent: Table, *, columns: Sequence[str]
) -> int:
    """Leave one copy of each row in a temporary table, in its place; returns how many there are.

    Few rows have copies, so only these are compared: to compare or to sort all of them would take
    longer than to read them.

    Args:
        connection: of DuckDB.
        name: of the temporary table.
        parent: what its rows are; the copy that is later by its column `latest` stays.
        columns: they decide, in their order, between copies that are equally late.
    """
    key = ", ".join(parent.key)
    connection.execute(
        f"""DELETE FROM {name} WHERE rowid IN (SELECT row FROM (
            SELECT rowid AS row, row_number() OVER (PARTITION BY {key}
                ORDER BY {parent.latest} DESC, {", ".join(columns)}) AS place
            FROM {name} SEMI JOIN
                (SELECT {key} FROM {name} GROUP BY {key} HAVING count(*) > 1) AS copied
                USING ({key})
        ) AS copies WHERE place > 1)"""
    )
    return int(connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0])


def select(table: Table, selection: Selection) -> str:
    """The SELECT of a table's rows from those that `read` has read."""
    rows = f"{table.source}{SUFFIX}"
    names = [column.name for column in selection.columns_of(table)]
    match table.name:
        case "messages":
            shown = ", ".join(f"{_of_message(name)} AS {name}" for name in names)
            return f"SELECT {shown} FROM {rows} WHERE starts_with(topic, 'message.')"
        case "profile_identities":
            shown = ", ".join(f"name.{each}" for each in ("kind", "value", "event_profile_id"))
            names_of = (
                'from_json(names, \'[{"kind": "VARCHAR", "value": "VARCHAR",'
                ' "event_profile_id": "VARCHAR"}]\')'
            )
            return (
                f"SELECT profile_id, {shown}, revision, updated_at FROM"
                f" (SELECT *, unnest({names_of}) AS name FROM {rows} WHERE NOT deleted)"
            )
        case _:
            return f"SELECT {', '.join(names)} FROM {rows}"


def quoted(text: str) -> str:
    """A text as a literal of DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def own_columns(table: Table) -> Sequence[Column]:
    """The columns whose values stand in the raw rows."""
    return [column for column in table.columns if column.name != "_meta"]


def has_meta(table: Table) -> bool:
    """Whether a table has promoted columns, and `_meta`, which is made with them."""
    return len(own_columns(table)) < len(table.columns)


def _raw_columns(table: Table) -> dict[str, str]:
    return {column.name: _RAW_TYPES[column.type] for column in own_columns(table)}


def _cast(column: Column) -> str:
    """The value of a column, of the raw one."""
    if column.type is not ColumnType.TIMESTAMP:
        return column.name
    return f"CAST(nullif({column.name}, '') AS TIMESTAMP) AS {column.name}"


def promoted(columns: Sequence[PromotedColumn]) -> Iterator[str]:
    """The promoted columns, and `_meta`, which names the values that are of another type."""
    misfits = []
    for column in columns:
        value = f"json_extract(properties, {quoted(_pointer(column))})"
        typed, rule = _typed(column.type, value)
        yield f"{typed} AS {column.name}"
        entry = f"'column': {quoted(column.name)}, 'path': {quoted(column.path)}"
        misfits.append(
            f"CASE WHEN coalesce(json_type({value}), 'NULL') <> 'NULL' AND ({typed}) IS NULL"
            f" THEN {{{entry}, 'reason': {quoted(rule)}}} END"
        )
    if not misfits:
        yield "CAST(NULL AS VARCHAR) AS _meta"
        return
    listed = f"list_filter([{', '.join(misfits)}], lambda each: each IS NOT NULL)"
    yield f"CASE WHEN len({listed}) > 0 THEN CAST(to_json({listed}) AS VARCHAR) END AS _meta"


def _typed(kind: PromotedType, value: str) -> tuple[str, str]:
    """The expression of a value of this type, NULL for any other; and what it is not then."""
    is_text = f"json_type({value}) = 'VARCHAR'"
    text = f"({value} ->> '$')"
    match kind:
        case PromotedType.STRING:
            fits = f"{is_text} AND strlen({text}) <= {MAX_TEXT_BYTES}"
            # A NUL is no text to a warehouse.
            typed = f"replace({text}, chr(0), '')"
            return f"CASE WHEN {fits} THEN {typed} END", f"not a string of ≤ {MAX_TEXT_BYTES} bytes"
        case PromotedType.NUMBER:
            is_number = f"json_type({value}) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')"
            return f"CASE WHEN {is_number} THEN CAST({value} AS DOUBLE) END", "not a number"
        case PromotedType.BOOLEAN:
            is_boolean = f"json_type({value}) = 'BOOLEAN'"
            return f"CASE WHEN {is_boolean} THEN CAST({value} AS BOOLEAN) END", "not a boolean"
        case PromotedType.TIMESTAMP:
            typed = f"(try_cast({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')"
            return f"CASE WHEN {is_text} THEN {typed} END", "not an ISO 8601 time"


def _pointer(column: PromotedColumn) -> str:
    """The path as an RFC 6901 pointer, in which no name needs quotes."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in column.steps)


def _of_message(column: str) -> str:
    match column:
        case "channel":
            return "split_part(topic, '.', 2)"
        case "action":
            return "split_part(topic, '.', 3)"
        case _ if column in _MESSAGE_PATHS:
            limit = tables.MESSAGES.column(column).max_bytes
            paths = _MESSAGE_PATHS[column]
            values = ", ".join(
                f"json_extract_string(properties, {quoted(f'/{path}')})" for path in paths
            )
            value = f"replace(coalesce({values}), chr(0), '')"
            return f"CASE WHEN strlen({value}) <= {limit} THEN {value} END"
        case _:
            return column


def topic_filter(selection: Selection) -> str:
    """The condition, behind others, that an event is of a topic that a sync takes."""
    clauses = []
    if selection.include_topics:
        clauses.append(f" AND {_any_of(selection.include_topics)}")
    if selection.exclude_topics:
        clauses.append(f" AND NOT {_any_of(selection.exclude_topics)}")
    return "".join(clauses)


def _any_of(names: Sequence[str]) -> str:
    """Whether a row's topic is one of these; the same as `topics.covers`."""
    tests = (
        f"starts_with(topic, {quoted(name[:-1])})"
        if topics.is_prefix(name)
        else f"topic = {quoted(name)}"
        for name in names
    )
    return f"({' OR '.join(tests)})"


def _struct(columns: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}: '{kind}'" for name, kind in columns.items()) + "}"
