"""Reads the lake for a person: one statement by DuckDB over a tenant's Parquet files.

The files come by S3's API to a folder that goes when the answer is there. DuckDB then runs without
a network, and with no other file than these.
"""

import datetime as dt
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from threading import Timer
from typing import Any, Final

import duckdb

from runtime.core.warehouse import lake_views, plan
from runtime.core.warehouse.sync import default_schema
from runtime.core.warehouse.tables import TABLES, Table
from runtime.errors import BadInput, NotFound, Transient
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse.answer import Answer, Column

_SETTINGS: Final[dict[str, Any]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_ROWS: Final = 1_000  # read at once, to count those that nobody asked for
_TABLES: Final = (
    "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns"
    " WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeQuery:
    """The lake of one tenant, to be read: the files of all its syncs, each row once."""

    bucket: Bucket
    tenant: str

    def query(self, sql: str, *, limit: int, wait_s: float, since: str = "") -> Answer:
        """The first rows of one statement.

        Args:
            sql: the statement, of which `runtime.core.warehouse.read_only` thinks that it reads.
            limit: how many rows to read.
            wait_s: seconds for all of it.
            since: the day (YYYY-MM-DD) from which on rows arrived that are looked at; empty for
                all. Files of earlier days are not fetched.

        Raises:
            BadInput: code `query_failed`, with DuckDB's message.
            NotFound: code `no_lake`: no sync of the tenant has loaded anything yet.
            Transient: code `query_timeout`; `lake_changed`: files have become others meanwhile; or
                `aws_unavailable`.
        """
        keys = self._keys(since=since)
        named = lake_views.named_in(sql)
        return self._answer(
            {table: keys[table.name] for table in named}, sql, limit=limit, wait_s=wait_s
        )

    def tables(self, *, limit: int, wait_s: float) -> Answer:
        """The tables with their columns; the latest file of each has all of them.

        Raises:
            NotFound: code `no_lake`.
            Transient: as in `query`.
        """
        keys = self._keys()
        latest = {
            table: list({key.split("/")[3]: key for key in keys[table.name]}.values())
            for table in TABLES
        }
        return self._answer(latest, _TABLES, limit=limit, wait_s=wait_s)

    def _keys(self, *, since: str = "") -> Mapping[str, Sequence[str]]:
        """The keys of all files, by table, in the order of a sync's days."""
        by_table = defaultdict[str, list[str]](list)
        is_empty = True
        for key in self.bucket.under(plan.lake_folder(self.tenant)):
            if not key.endswith(".parquet"):
                continue  # a manifest
            is_empty = False
            _, _, _, _, table, day, _ = key.split("/")
            if day >= f"dt={since}":
                by_table[table].append(key)
        if is_empty:
            raise NotFound("no sync of this tenant has loaded anything yet", code="no_lake")
        return by_table

    def _answer(
        self, keys: Mapping[Table, Sequence[str]], sql: str, *, limit: int, wait_s: float
    ) -> Answer:
        end_s = time.monotonic() + wait_s
        with tempfile.TemporaryDirectory(prefix="penstock-lake-") as folder:
            files = self._fetched(keys, Path(folder))
            views = lake_views.statements(files, schema=default_schema(self.tenant))
            with duckdb.connect(config=_SETTINGS) as connection, _until(end_s, connection):
                for statement in views:
                    connection.execute(statement)
                _shut_in(connection, folder)
                return _read(connection, sql, limit=limit)

    def _fetched(
        self, keys: Mapping[Table, Sequence[str]], folder: Path
    ) -> Mapping[str, Sequence[str]]:
        paths = {key: folder / f"{n}.parquet" for n, key in enumerate(_all(keys.values()))}
        try:
            self.bucket.fetch_all(paths)
        except NotFound as problem:
            raise Transient(
                "the lake has just been compacted; ask again", code="lake_changed"
            ) from problem
        return {table.name: [str(paths[key]) for key in keys[table]] for table in keys}


def _all(keys: Collection[Sequence[str]]) -> Iterator[str]:
    return (key for some in keys for key in some)


def _shut_in(connection: duckdb.DuckDBPyConnection, folder: str) -> None:
    """Leave a statement the files of this folder, and nothing else; nothing opens that again."""
    quoted = folder.replace("'", "''")
    connection.execute(f"SET allowed_directories = ['{quoted}']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


@contextmanager
def _until(end_s: float, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Interrupt what runs at the end; turn DuckDB's errors into ours, with its words."""
    timer = Timer(max(0.0, end_s - time.monotonic()), connection.interrupt)
    timer.start()
    try:
        yield
    except duckdb.InterruptException as problem:
        raise Transient("it took too long, and was cancelled", code="query_timeout") from problem
    except duckdb.Error as problem:
        raise BadInput(str(problem), code="query_failed") from problem
    finally:
        timer.cancel()


def _read(connection: duckdb.DuckDBPyConnection, sql: str, *, limit: int) -> Answer:
    answer = connection.execute(sql)
    columns = tuple(
        Column(name=each[0], type=str(each[1]).lower()) for each in answer.description or ()
    )
    rows = answer.fetchmany(limit)
    total = len(rows)
    while more := answer.fetchmany(_ROWS):
        total += len(more)
    return Answer(columns=columns, rows=tuple(tuple(map(_value, row)) for row in rows), total=total)


def _value(raw: Any) -> Any:
    """A value as the Data API gives it: a text, unless JSON has its like."""
    match raw:
        case None | bool() | int() | float() | str():
            return raw
        case dt.datetime():
            return raw.isoformat(sep=" ")
        case list() | dict():
            return json.dumps(raw, default=_value, ensure_ascii=False)
        case bytes():
            return raw.hex()
        case Decimal() | _:
            return str(raw)
