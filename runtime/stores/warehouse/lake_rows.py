"""Reads files of the lake into DuckDB, as `raw_rows` reads raw batches.

What the lake has as columns stands there already; promoted columns are made anew of the properties,
because a file has those alone that were asked for when it was written.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from runtime.core.archive.raw_log import Kind
from runtime.core.warehouse import tables
from runtime.core.warehouse.lake_views import LAKE_TYPES
from runtime.core.warehouse.plan import Load
from runtime.core.warehouse.tables import Table
from runtime.stores.warehouse import raw_rows


def read(
    connection: duckdb.DuckDBPyConnection,
    kind: Kind,
    files: Mapping[str, Sequence[Path]],
    *,
    load: Load,
) -> int:
    """Read the latest of each of the rows of a kind; returns how many rows there are.

    Args:
        connection: of DuckDB.
        kind: of the raw rows that the files' rows came from.
        files: by the names of their tables.
        load: whose selection says which topics and columns there are.
    """
    parent = raw_rows.PARENTS[kind]
    for table in tables.of_kind(kind):
        _show(connection, table, files.get(table.name, ()))
    columns = [column.name for column in raw_rows.own_columns(parent)]
    own = ", ".join(columns)
    topics = raw_rows.topic_filter(load.selection) if kind is Kind.EVENTS else ""
    connection.execute(
        f"CREATE TEMP TABLE latest AS SELECT {own} FROM {_view(parent)} WHERE true{topics}"
    )
    count = raw_rows.keep_latest(connection, "latest", parent, columns=columns)
    made = raw_rows.promoted(load.selection.promoted(parent)) if raw_rows.has_meta(parent) else ()
    shown = ", ".join([own, *made, *([_names()] if kind is Kind.PROFILES else [])])
    name = f"{kind}{raw_rows.SUFFIX}"
    connection.execute(f"CREATE TEMP TABLE {name} AS SELECT {shown} FROM latest")
    return count


def _view(table: Table) -> str:
    return f"lake_{table.name}"


def _show(connection: duckdb.DuckDBPyConnection, table: Table, files: Sequence[Path]) -> None:
    """Make a view of files, with all columns of the table, whether or not a file has them."""
    columns = raw_rows.own_columns(table)
    listed = ", ".join(f"CAST(NULL AS {LAKE_TYPES[each.type]}) AS {each.name}" for each in columns)
    rows = f"SELECT {listed} WHERE false"
    if files:
        paths = ", ".join(raw_rows.quoted(str(path)) for path in files)
        rows += (
            f" UNION ALL BY NAME SELECT * FROM read_parquet([{paths}], union_by_name = true,"
            " hive_partitioning = false)"
        )
    names = ", ".join(column.name for column in columns)
    connection.execute(f"CREATE TEMP VIEW {_view(table)} AS SELECT {names} FROM ({rows})")


def _names() -> str:
    """The names of a profile as a raw row has them: JSON, a list."""
    each = "{'kind': kind, 'value': value, 'event_profile_id': event_profile_id}"
    return (
        f"(SELECT CAST(to_json(list_sort(list(DISTINCT {each}))) AS VARCHAR)"
        f" FROM {_view(tables.PROFILE_IDENTITIES)} AS named"
        " WHERE named.profile_id = latest.profile_id AND named.revision = latest.revision)"
        " AS names"
    )
