"""The tables of the lake as DuckDB's views: of each row the latest, as a warehouse has it.

The lake repeats a row that came in two loads, and keeps every revision of a profile. A view has
each key once; a row that belongs to another goes with it, so that a name which a person has lost is
gone.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from runtime.core.warehouse import tables
from runtime.core.warehouse.tables import ColumnType, Table

_WORD: Final = re.compile(r"\w+")
LAKE_TYPES: Final = {
    ColumnType.TEXT: "VARCHAR",
    ColumnType.BIGINT: "BIGINT",
    ColumnType.SMALLINT: "SMALLINT",
    ColumnType.DOUBLE: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.TIMESTAMP: "TIMESTAMP",
    ColumnType.JSON: "VARCHAR",  # as in the files; the views make it JSON
}


def named_in(sql: str) -> Sequence[Table]:
    """The tables whose files a statement may need, parents first: those whose names stand in it."""
    words = {word.lower() for word in _WORD.findall(sql)}
    if tables.MERGES in words:
        words.add(tables.PROFILES.name)
    words |= {table.parent for table in tables.TABLES if table.name in words and table.parent}
    return [table for table in tables.TABLES if table.name in words]


def statements(files: Mapping[str, Sequence[str]], *, schema: str) -> Sequence[str]:
    """What makes the views of all tables, in a schema that is searched first.

    Args:
        files: by the name of a table, the paths of its files.
        schema: the name of the schema, by which a tenant's tables are known in warehouses, too.
    """
    made = [f'CREATE SCHEMA "{schema}"', f"""SET search_path = '"{schema}"'"""]
    for table in tables.TABLES:
        made += _table(table, files.get(table.name, ()))
    merges = (
        f"CREATE VIEW {tables.MERGES} AS SELECT profile_id, merged_into, updated_at"
        f" FROM {tables.PROFILES.name} WHERE merged_into IS NOT NULL"
    )
    return [*made, merges]


def _table(table: Table, files: Sequence[str]) -> Sequence[str]:
    # A temporary table says which columns there are, whether or not a file has them all.
    columns = ", ".join(f"{column.name} {LAKE_TYPES[column.type]}" for column in table.columns)
    rows = f"SELECT * FROM temp.{table.name}_columns"
    if files:
        listed = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
        rows += (
            f" UNION ALL BY NAME SELECT * FROM read_parquet([{listed}], union_by_name = true,"
            " hive_partitioning = false)"
        )
    view = (
        f"CREATE VIEW {table.name} AS SELECT *{_as_json(table)} FROM ({rows}){_current(table)}"
        f" QUALIFY row_number() OVER (PARTITION BY {', '.join(table.key)}"
        f" ORDER BY {table.latest} DESC) = 1"
    )
    return [f"CREATE TEMP TABLE {table.name}_columns ({columns})", view]


def _as_json(table: Table) -> str:
    names = [column.name for column in table.columns if column.type is ColumnType.JSON]
    casts = ", ".join(f"CAST({name} AS JSON) AS {name}" for name in names)
    return f" REPLACE ({casts})" if names else ""


def _current(table: Table) -> str:
    """The condition that a row is one of those that its parent has now."""
    if table.parent is None:
        return ""
    key, parent = table.parent_key, tables.BY_NAME[table.parent]
    return f" WHERE ({key}, {table.latest}) IN (SELECT ({key}, {parent.latest}) FROM {parent.name})"
