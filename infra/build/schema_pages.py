"""Writes a page of docs/reference/tables for each destination, from what describes its tables."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from runtime.core.warehouse import dialects, tables
from runtime.core.warehouse.dialect import Dialect
from runtime.core.warehouse.tables import Column, ColumnType, Table

FOLDER: Final = "tables"
_NAMES: Final = {
    "redshift": "Redshift",
    "postgresql": "PostgreSQL",
    "snowflake": "Snowflake",
    "bigquery": "BigQuery",
    "synapse": "Azure Synapse",
}
# Of the lake, in the words of Parquet.
_PARQUET: Final = {
    ColumnType.TEXT: "STRING",
    ColumnType.BIGINT: "INT64",
    ColumnType.SMALLINT: "INT16",
    ColumnType.DOUBLE: "DOUBLE",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.TIMESTAMP: "TIMESTAMP, microseconds",
    ColumnType.JSON: "STRING, JSON text",
}
_INTRODUCTION: Final = (
    "Version {version}. A new version adds tables or columns; none is ever taken away or given"
    " another type. *Since* is the version that added a column. What is promised of the rows stands"
    " in [the warehouse](../warehouse.md)."
)
TypeOf = Callable[[Column], str]


def pages(*, mark: str) -> Mapping[str, str]:
    """Each page's text by its file below docs/reference; `mark` says that it is made of code."""
    made = {"lake": _page("the lake", lambda column: _PARQUET[column.type], mark=mark, own={})}
    for name, dialect in _dialects():
        title = _NAMES.get(name, name.capitalize())
        made[name] = _page(title, dialect.type_of, mark=mark, own=tables.OWN_TABLES)
    return {f"{FOLDER}/{name}.md": text for name, text in made.items()}


def _dialects() -> Iterator[tuple[str, Dialect]]:
    for module in pkgutil.iter_modules(dialects.__path__):
        found = importlib.import_module(f"{dialects.__name__}.{module.name}")
        if isinstance(dialect := getattr(found, "DIALECT", None), Dialect):
            yield module.name, dialect


def _page(title: str, type_of: TypeOf, *, mark: str, own: Mapping[str, Sequence[Column]]) -> str:
    lines = [
        mark,
        "",
        f"# Tables of {title}",
        "",
        _INTRODUCTION.format(version=tables.SCHEMA_VERSION),
    ]
    for table in tables.TABLES:
        lines += _table(table, type_of)
    if own:
        lines += _view(type_of)
        lines += ["", "## What the loads write themselves"]
        for name, columns in own.items():
            lines += ["", f"### `{name}`", "", *_columns(columns, type_of, since=None)]
    return "\n".join(lines) + "\n"


def _table(table: Table, type_of: TypeOf) -> Iterator[str]:
    yield ""
    yield f"## `{table.name}`"
    yield ""
    key = ", ".join(f"`{name}`" for name in table.key)
    person = (
        "Nobody is erased from it, because it names no profile."
        if table.person is None
        else f"A person is erased by `{table.person}`."
    )
    yield (
        f"{table.meaning} Key: {key}; of two rows with one key the one stays that has more in"
        f" `{table.latest}`. {person}"
    )
    yield ""
    yield from _columns([*table.columns, tables.LOAD_ID], type_of, since=table.since)


def _columns(columns: Sequence[Column], type_of: TypeOf, *, since: int | None) -> Iterator[str]:
    """The columns as a table; `since` is the version of their table, None for one without."""
    yield "| column | type | may be NULL | since | |" if since else "| column | type | |"
    yield "|---|---|---|---|---|" if since else "|---|---|---|"
    for column in columns:
        facts = [f"`{column.name}`", type_of(column)]
        if since:
            facts += ["" if column.required else "yes", str(max(since, column.since))]
        yield f"| {' | '.join(facts)} | {column.meaning} |"


def _view(type_of: TypeOf) -> Iterator[str]:
    profiles = tables.PROFILES
    yield from ("", f"## `{tables.MERGES}`", "")
    yield "A view: each profile that was merged into another, from `profiles`."
    yield ""
    names = ("profile_id", "merged_into", "revision")
    yield from _columns([profiles.column(name) for name in names], type_of, since=None)
    merged_at = profiles.column("updated_at")
    yield f"| `merged_at` | {type_of(merged_at)} | when it was merged, or last changed since |"
