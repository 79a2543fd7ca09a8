"""`penstock query`: reads the warehouse with SQL, and never writes."""

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli import _files, _lake, _output, _warehouse
from cli._errors import CommandFailed, WrongUsage
from cli._output import AsJson
from runtime.core.warehouse import read_only
from runtime.errors import BadInput, NotFound, Transient

if TYPE_CHECKING:
    from runtime.stores.warehouse.answer import Answer
    from runtime.stores.warehouse.lake_query import LakeQuery

_STDIN: Final = "-"
_MAX_COLUMNS: Final = 10_000  # of all tables together; Redshift has 1,600 a table
_TABLES: Final = (
    "SELECT table_schema, table_name, column_name, data_type FROM svv_columns"
    " WHERE {} ORDER BY table_schema, table_name, ordinal_position"
)
_COUNT: Final = "SELECT COUNT(*) FROM svv_columns WHERE {}"
_ASK_S: Final = 30
_NOT_THE_DATABASES: Final = (
    "SUBSTRING(table_schema, 1, 3) <> 'pg_' AND table_schema <> 'information_schema'"
)


def query(  # noqa: PLR0913 - each option of the command is a parameter
    sql: Annotated[
        str | None, typer.Argument(help="One SELECT, WITH, SHOW or EXPLAIN; - is stdin.")
    ] = None,
    *,
    file: Annotated[Path | None, typer.Option(help="Read the SQL from this file.")] = None,
    tables: Annotated[
        bool, typer.Option("--tables", help="List the tables with their columns instead.")
    ] = False,
    stack: Annotated[
        str | None,
        typer.Option(help="Of this stack, with your AWS credentials; else of the local cloud."),
    ] = None,
    schema: Annotated[
        str | None,
        typer.Option(help="Where names without a schema are; the tenant's on the local cloud."),
    ] = None,
    lake: Annotated[
        bool, typer.Option("--lake", help="Read the lake by DuckDB, not the warehouse.")
    ] = False,
    tenant: Annotated[
        str | None, typer.Option(help="Whose lake; the tenant's own on the local cloud.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Of the lake, only what arrived from this day on."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many rows.")] = 100,
    timeout_s: Annotated[
        int, typer.Option(min=1, help="Seconds after which the statement is cancelled.")
    ] = 60,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with a line of names.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read the warehouse: the rows of one SELECT, or its tables and columns.

    The statement runs in a read-only transaction. Of a stack's warehouse you need the permissions
    to describe the stack and to use the Redshift Data API; your AWS user is the database's user.
    Where no sync loads a warehouse, or with --lake, DuckDB reads the lake's files on this machine:
    of a stack you then need the permissions to list and get the objects of its bucket.
    """
    if as_csv and as_json:
        raise WrongUsage("--csv and --json are two ways to print; take one")
    if tables:
        if sql is not None or file is not None:
            raise WrongUsage("--tables takes no statement")
        statement = None
    else:
        statement = _checked(_given(sql, file))
    if lake or tenant or since or not _has_warehouse(stack, schema):
        answer = _of_lake(
            _lake.find(stack=stack, tenant=tenant),
            statement,
            since=since,
            limit=limit,
            timeout_s=timeout_s,
        )
    else:
        answer = _of_warehouse(
            _warehouse.find(stack=stack, schema=schema),
            statement,
            limit=limit,
            timeout_s=timeout_s,
        )
    if as_csv:
        _print_csv(answer)
    else:
        _output.show(_document(answer), as_json=as_json, human=lambda: _table(answer))
    if answer.total > len(answer.rows):
        sys.stdout.flush()  # a pipe gets the rows before what is said of them
        _output.say(
            f"{len(answer.rows)} of {answer.total} rows are shown; --limit shows more", err=True
        )


def _given(sql: str | None, file: Path | None) -> str:
    if (sql is None) == (file is None):
        raise WrongUsage("give one SQL statement, or a file of it by --file, or --tables")
    if file is not None:
        return _files.read_text(file)
    return _files.read_text(Path(_STDIN)) if sql == _STDIN else str(sql)


def _of_tables(schema: str | None) -> str:
    if schema is None:
        return _TABLES.format(_NOT_THE_DATABASES)
    return _TABLES.format(_is_in(schema))


def _is_in(schema: str) -> str:
    quoted = schema.replace("'", "''")
    return f"table_schema = '{quoted}'"


def _has_warehouse(stack: str | None, schema: str | None) -> bool:
    """Whether a warehouse has rows of the tenant, as far as anybody can know without asking it.

    That of the local cloud is asked: it is always there, and often empty.
    """
    if stack is not None:
        return _warehouse.is_configured(stack)
    if schema is not None:
        return True
    warehouse = _warehouse.find(stack=None, schema=None)
    count = _COUNT.format(_is_in(str(warehouse.schema)))
    (row,) = _of_warehouse(warehouse, count, limit=1, timeout_s=_ASK_S).rows
    return bool(row[0])


def _checked(sql: str) -> str:
    try:
        return read_only.check(sql)
    except BadInput as problem:
        raise WrongUsage(problem.message, code=problem.code) from problem


def _of_warehouse(
    warehouse: _warehouse.Warehouse, statement: str | None, *, limit: int, timeout_s: int
) -> "Answer":
    # Deferred: botocore takes longer to import than most commands take to run.
    from runtime.stores.warehouse.redshift.read_only import ReadOnly

    if statement is None:
        statement, limit = _of_tables(warehouse.schema), _MAX_COLUMNS
    reader = ReadOnly(
        client=warehouse.client(),
        workgroup=warehouse.workgroup,
        cluster=warehouse.cluster,
        database=warehouse.database,
    )
    with _failures():
        return reader.query(statement, schema=warehouse.schema, limit=limit, wait_s=timeout_s)


def _of_lake(
    lake: "LakeQuery",
    statement: str | None,
    *,
    since: datetime | None,
    limit: int,
    timeout_s: int,
) -> "Answer":
    with _failures():
        if statement is None:
            return lake.tables(limit=_MAX_COLUMNS, wait_s=timeout_s)
        day = "" if since is None else f"{since:%Y-%m-%d}"
        return lake.query(statement, since=day, limit=limit, wait_s=timeout_s)


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except NotFound as problem:
        raise CommandFailed(
            f"{problem.message}: make a sync by `penstock syncs create --kind s3`, and load by"
            " `penstock syncs run`",
            code=problem.code,
        ) from problem
    except (BadInput, Transient) as problem:
        raise CommandFailed(problem.message, code=problem.code) from problem


def _document(answer: "Answer") -> dict[str, Any]:
    return {
        "columns": [{"name": each.name, "type": each.type} for each in answer.columns],
        "rows": [list(row) for row in answer.rows],
        "total": answer.total,
    }


def _table(answer: "Answer") -> _output.Table:
    # Two columns may have one name: the second of them is shown with its place.
    names: list[str] = []
    for place, column in enumerate(answer.columns, 1):
        names.append(f"{column.name} ({place})" if column.name in names else column.name)
    return _output.table([dict(zip(names, row, strict=True)) for row in answer.rows], names)


def _print_csv(answer: "Answer") -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([column.name for column in answer.columns])
    writer.writerows(answer.rows)
