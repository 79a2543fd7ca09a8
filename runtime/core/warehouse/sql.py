"""What a load, an erasure and a new column say to a warehouse, in the order that makes them safe.

A vendor's words stand in its file under `dialects/`; the order of the statements stands here alone:

    lock · guard · for each table: stage, copy, drop what was erased, drop what is older
    · one row in `_loads` for each table · for each table: delete, insert

No vendor's keys need be enforced, so two loaders must not run at once. The lock comes first because
the statement after it takes the snapshot: a second loader waits for the lock, and its guard then
sees the first loader's row in `_loads`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from runtime.core.warehouse import tables
from runtime.core.warehouse.dialect import Dialect, StagedTable, Transaction
from runtime.core.warehouse.selection import PromotedColumn
from runtime.core.warehouse.sync import Sync, default_schema
from runtime.core.warehouse.tables import MAX_TEXT_BYTES, Column, ColumnType, Table
from runtime.errors import BadInput

_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,126}")  # no vendor has to quote it


def schema_name(sync: Sync) -> str:
    """The schema of a sync: the one that it names, or else one named after the tenant.

    Raises:
        BadInput: code `bad_schema`: SQL would have to quote the name.
    """
    name = sync.schema or default_schema(sync.tenant)
    if not _SCHEMA.fullmatch(name):
        raise BadInput(
            "must be lower-case letters, digits and _, at most 127",
            field="schema",
            code="bad_schema",
        )
    return name


def create_statements(dialect: Dialect, *, schema: str) -> Sequence[str]:
    """The schema with all its tables; each statement may be repeated."""
    own = [
        _create(dialect, f"{schema}.{name}", columns, dialect.own_placement)
        for name, columns in tables.OWN_TABLES.items()
    ]
    made = [create_table(dialect, table, schema=schema) for table in tables.TABLES]
    indexes = [
        index.format(schema=schema) for table in tables.TABLES for index in dialect.indexes(table)
    ]
    return [dialect.create_schema.format(schema=schema), *own, *made, *indexes]


def create_table(dialect: Dialect, table: Table, *, schema: str) -> str:
    """One of our tables; may be repeated."""
    columns = [*table.columns, tables.LOAD_ID]
    return _create(dialect, f"{schema}.{table.name}", columns, dialect.placement(table))


def upgrade_statements(dialect: Dialect, *, schema: str, version: int) -> Iterator[str]:
    """What adds the columns that tables of an earlier version lack, a call for each statement.

    A killed run may have added a column already: the caller takes that for done.
    """
    for table, columns in tables.added_after(version):
        if table.since <= version:
            for column in columns:
                yield add_column(dialect, table.name, column, schema=schema)
    for name, columns in tables.OWN_TABLES.items():
        for column in columns:
            if column.since > version:
                yield add_column(dialect, name, column, schema=schema)


def view_statement(dialect: Dialect, *, schema: str) -> str:
    """The view of merged profiles; it may be repeated."""
    select = (
        f"SELECT profile_id, merged_into, revision, updated_at AS merged_at"
        f" FROM {schema}.{tables.PROFILES.name} WHERE merged_into IS NOT NULL"
    )
    return dialect.create_view.format(name=f"{schema}.{tables.MERGES}", select=select)


def add_column(dialect: Dialect, table: str, column: Column, *, schema: str) -> str:
    """One more column of a table."""
    defined = f"{column.name} {dialect.type_of(column)}"
    return dialect.add_column.format(table=f"{schema}.{table}", column=defined)


def registration(
    dialect: Dialect, columns: Iterable[tuple[str, Column, str | None]], *, schema: str
) -> str:
    """What enters columns into `_schema`: (table, column, path of a promoted one). Repeatable.

    It is one statement, because a warehouse takes as long for each as for all of them.
    """
    registry, quote = f"{schema}.{tables.SCHEMA}", dialect.literal
    nothing = f"CAST(NULL AS {dialect.text_type(MAX_TEXT_BYTES)})"  # some take NULL for a number
    listed = " UNION ALL ".join(
        f"SELECT {quote(table)}{dialect.collation} AS table_name,"
        f" {quote(column.name)}{dialect.collation} AS column_name,"
        f" {quote(column.type.value)} AS column_type,"
        f" {nothing if path is None else quote(path)} AS path"
        for table, column, path in columns
    )
    return (
        f"INSERT INTO {registry} (table_name, column_name, column_type, path, added_at)"
        f" SELECT table_name, column_name, column_type, path, {dialect.now}"
        f" FROM ({listed}) AS listed WHERE NOT EXISTS (SELECT 1 FROM {registry} AS known"
        " WHERE known.table_name = listed.table_name AND known.column_name = listed.column_name)"
    )


def published() -> Iterator[tuple[str, Column, None]]:
    """The columns of our own tables, as `registration` takes them."""
    for table in tables.TABLES:
        for column in table.columns:
            yield table.name, column, None


def promoted(columns: Iterable[PromotedColumn]) -> Iterator[tuple[str, Column, str]]:
    """Promoted columns as `registration` takes them."""
    for each in columns:
        yield each.table, each.column, each.path


def load_statements(
    dialect: Dialect, transaction: Transaction, staged: Sequence[StagedTable]
) -> Sequence[str]:
    """The statements of a load's one transaction. Parents come before the tables that follow them.

    Raises:
        BadInput: code `bad_sql`: there are too many for the warehouse.
    """
    schema = transaction.schema
    statements = list(_locked(dialect, schema=schema, load_id=transaction.load_id))
    for each in staged:
        statements += _filled(dialect, each, transaction)
        if each.table.parent is None:
            statements += _cleaned(dialect, each.table, schema=schema)
    statements.append(_entered(dialect, transaction, staged))
    for each in staged:
        statements += _moved(dialect, each, transaction)
    if len(statements) > dialect.max_statements:
        raise BadInput(
            f"{len(statements)} statements; a transaction has at most {dialect.max_statements}",
            code="bad_sql",
        )
    return statements


def probe_statements(
    dialect: Dialect, transaction: Transaction, staged: StagedTable
) -> Sequence[str]:
    """What fails for the rows of a file as a load of them would, and leaves nothing behind."""
    name = _stage_name(dialect, staged.table)
    probe = f"{dialect.temporary}probe_{staged.table.name}"
    selected = ", ".join(_from_stage(dialect, column) for column in staged.columns)
    return [
        *_filled(dialect, staged, transaction),
        dialect.stage.format(
            name=probe,
            columns=_columns(dialect.type_of, staged.columns, with_required=True),
        ),
        f"INSERT INTO {probe} ({_names(staged.columns)}) SELECT {selected} FROM {name}",
    ]


def erasure_statements(
    dialect: Dialect,
    *,
    schema: str,
    profile_ids: Sequence[str],
    request_id: str,
    erased_at: str,
) -> Iterator[Sequence[str]]:
    """The transactions that delete a person's rows and keep them from coming back.

    Each begins with the lock that a load takes, so a load is either there to be deleted from, or
    finds the person in `_erasures`. Each may be repeated: the row of an id, with the counts of what
    was removed, stays as the first transaction that was committed has made it, and behind that no
    load brings a row back.
    """
    lock = [dialect.lock.format(ledger=f"{schema}.{tables.LOADS}")]
    statements = list(lock)
    quote = dialect.literal
    erasures = f"{schema}.{tables.ERASURES}"
    columns = _names(tables.OWN_TABLES[tables.ERASURES])
    for profile_id in profile_ids:
        rows = [
            f"FROM {schema}.{table.name} WHERE {table.person} = {quote(profile_id)}"
            for table in tables.OF_PEOPLE
        ]
        removed = [f"of_{table.name}.removed" for table in tables.OF_PEOPLE]
        counted = " CROSS JOIN ".join(
            f"(SELECT COUNT(*) AS removed {each}) AS of_{table.name}"
            for table, each in zip(tables.OF_PEOPLE, rows, strict=True)
        )
        values = [quote(profile_id), quote(request_id), dialect.moment(erased_at), *removed]
        entered = (  # SELECT, because some take no CAST behind VALUES
            f"INSERT INTO {erasures} ({columns}) SELECT {', '.join(values)} FROM {counted}"
            f" WHERE NOT EXISTS (SELECT 1 FROM {erasures} WHERE profile_id = {quote(profile_id)}"
            f" AND request_id = {quote(request_id)})"
        )
        more = [entered, *(f"DELETE {each}" for each in rows)]
        if len(statements) + len(more) > dialect.max_statements:
            yield statements
            statements = list(lock)
        statements += more
    yield statements


def count_removed(dialect: Dialect, *, schema: str, request_id: str) -> str:
    """The question how many rows an erasure has removed: one row, a column for each table."""
    integer = dialect.types[ColumnType.BIGINT]
    sums = ", ".join(
        f"CAST(COALESCE(SUM({tables.removed_column(table).name}), 0) AS {integer}) AS {table.name}"
        for table in tables.OF_PEOPLE
    )
    return (
        f"SELECT {sums} FROM {schema}.{tables.ERASURES}"
        f" WHERE request_id = {dialect.literal(request_id)}"
    )


def find_load(dialect: Dialect, *, schema: str, load_id: str) -> str:
    """The question whether a load has happened; the ledger in the warehouse decides."""
    return (
        f"SELECT table_name, rows_in, rows_new FROM {schema}.{tables.LOADS}"
        f" WHERE load_id = {dialect.literal(load_id)}"
    )


def _locked(dialect: Dialect, *, schema: str, load_id: str) -> Iterator[str]:
    ledger = f"{schema}.{tables.LOADS}"
    yield dialect.lock.format(ledger=ledger)
    yield dialect.guard.format(ledger=ledger).replace("[[load_id]]", dialect.literal(load_id))


def _create(dialect: Dialect, name: str, columns: Sequence[Column], placement: str) -> str:
    shown = _columns(dialect.type_of, columns, with_required=True, encoding=dialect.encoding)
    return dialect.create_table.format(name=name, columns=shown, placement=placement).rstrip()


def _columns(
    type_of: Callable[[Column], str],
    columns: Sequence[Column],
    *,
    with_required: bool,
    encoding: Mapping[ColumnType, str] | None = None,
) -> str:
    return ", ".join(
        " ".join(
            [
                column.name,
                type_of(column),
                *(["NOT NULL"] if column.required and with_required else []),
                *([encoding[column.type]] if encoding and column.type in encoding else []),
            ]
        )
        for column in columns
    )


def _filled(dialect: Dialect, staged: StagedTable, transaction: Transaction) -> Iterator[str]:
    name = _stage_name(dialect, staged.table)
    columns = _columns(dialect.staged_type_of, staged.columns, with_required=False)
    yield dialect.stage.format(name=name, columns=columns)
    yield dialect.copy(name, staged, transaction)


def _cleaned(dialect: Dialect, table: Table, *, schema: str) -> Iterator[str]:
    """Erased people stay erased, however late their rows come, and the latest copy wins."""
    stage, target = _stage_name(dialect, table), f"{schema}.{table.name}"
    if table.person is not None:
        yield dialect.delete_using.format(
            target=stage,
            source=f"{schema}.{tables.ERASURES}",
            condition=f"{stage}.{table.person} = {tables.ERASURES}.profile_id",
        )
    yield dialect.delete_using.format(
        target=stage,
        source=target,
        condition=f"{_same(table, stage, table.name)}"
        f" AND {stage}.{table.latest} < {table.name}.{table.latest}",
    )


def _entered(dialect: Dialect, transaction: Transaction, staged: Sequence[StagedTable]) -> str:
    quote = dialect.literal
    selects = [
        f"SELECT {quote(transaction.load_id)}, {quote(each.table.name)}, {each.rows},"
        f" COUNT(*) - COUNT(present.{each.table.key[0]}), {each.discarded},"
        f" {dialect.moment(each.received.earliest)}, {dialect.moment(each.received.latest)},"
        f" {quote(transaction.versions)}, {quote(each.uri)}, {dialect.now}"
        f" FROM {_stage_name(dialect, each.table)} LEFT JOIN {transaction.schema}.{each.table.name}"
        f" AS present ON {_same(each.table, 'present', _stage_name(dialect, each.table))}"
        for each in staged
    ]
    columns = _names(tables.OWN_TABLES[tables.LOADS])
    return f"INSERT INTO {transaction.schema}.{tables.LOADS} ({columns}) " + " UNION ALL ".join(
        selects
    )


def _moved(dialect: Dialect, staged: StagedTable, transaction: Transaction) -> Iterator[str]:
    """Replace the rows of the table by those of the stage."""
    table, stage = staged.table, _stage_name(dialect, staged.table)
    target = f"{transaction.schema}.{table.name}"
    names = _names([*staged.columns, tables.LOAD_ID])
    selected = ", ".join(_from_stage(dialect, column, of=f"{stage}.") for column in staged.columns)
    inserted = (
        f"INSERT INTO {target} ({names})"
        f" SELECT {selected}, {dialect.literal(transaction.load_id)} FROM {stage}"
    )
    if table.parent is None:
        yield dialect.delete_using.format(
            target=target, source=stage, condition=_same(table, table.name, stage)
        )
        yield inserted
        return
    # The rows of a parent that stays: what was dropped from its stage changes nothing here either.
    parent = _stage_name(dialect, tables.BY_NAME[table.parent])
    by_parent = f"{{}}.{table.parent_key} = {parent}.{table.parent_key}"
    yield dialect.delete_using.format(
        target=target, source=parent, condition=by_parent.format(table.name)
    )
    yield f"{inserted} JOIN {parent} ON {by_parent.format(stage)}"


def _from_stage(dialect: Dialect, column: Column, *, of: str = "") -> str:
    name = f"{of}{column.name}"
    return dialect.parsed(name) if column.type is ColumnType.JSON else name


def _stage_name(dialect: Dialect, table: Table) -> str:
    return f"{dialect.temporary}stage_{table.name}"


def _same(table: Table, left: str, right: str) -> str:
    return " AND ".join(f"{left}.{name} = {right}.{name}" for name in table.key)


def _names(columns: Iterable[Column]) -> str:
    return ", ".join(column.name for column in columns)
