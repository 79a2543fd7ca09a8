"""`penstock query`: reads the warehouse with SQL, and never writes."""

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli import _files, _output, _warehouse
from cli._errors import CommandFailed, WrongUsage
from cli._output import AsJson
from runtime.core.warehouse import read_only
from runtime.errors import BadInput, Transient

if TYPE_CHECKING:
    from runtime.stores.warehouse.redshift.read_only import Answer

_STDIN: Final = "-"
_MAX_COLUMNS: Final = 10_000  # of all tables together; Redshift has 1,600 a table
_TABLES: Final = (
    "SELECT table_schema, table_name, column_name, data_type FROM svv_columns"
    " WHERE {} ORDER BY table_schema, table_name, ordinal_position"
)
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
    """
    if as_csv and as_json:
        raise WrongUsage("--csv and --json are two ways to print; take one")
    warehouse = _warehouse.find(stack=stack, schema=schema)
    if tables:
        statement, limit = _of_tables(warehouse.schema, sql, file), _MAX_COLUMNS
    else:
        statement = _checked(_given(sql, file))
    answer = _read(warehouse, statement, limit=limit, timeout_s=timeout_s)
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


def _of_tables(schema: str | None, sql: str | None, file: Path | None) -> str:
    if sql is not None or file is not None:
        raise WrongUsage("--tables takes no statement")
    if schema is None:
        return _TABLES.format(_NOT_THE_DATABASES)
    quoted = schema.replace("'", "''")
    return _TABLES.format(f"table_schema = '{quoted}'")


def _checked(sql: str) -> str:
    try:
        return read_only.check(sql)
    except BadInput as problem:
        raise WrongUsage(problem.message, code=problem.code) from problem


def _read(
    warehouse: _warehouse.Warehouse, statement: str, *, limit: int, timeout_s: int
) -> "Answer":
    # Deferred: botocore takes longer to import than most commands take to run.
    from runtime.stores.warehouse.redshift.read_only import ReadOnly

    reader = ReadOnly(
        client=warehouse.client(), workgroup=warehouse.workgroup, database=warehouse.database
    )
    try:
        return reader.query(statement, schema=warehouse.schema, limit=limit, wait_s=timeout_s)
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
