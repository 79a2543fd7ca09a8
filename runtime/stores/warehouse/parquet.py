"""Writes one tenant's Parquet files from raw batches, by DuckDB.

The same batches give the same bytes: there is one thread, every duplicate is decided, and rows stay
in the order in which they arrived. Sorting them would be a third of a load's CPU time. DuckDB
fetches nothing while it runs, no extension and no remote file.
"""

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from runtime.core.archive.raw_log import Kind
from runtime.core.warehouse import tables
from runtime.core.warehouse.plan import NEVER, Arrivals, DataFile, Load, Rendered, Staging
from runtime.core.warehouse.selection import Selection
from runtime.core.warehouse.tables import ColumnType, Table
from runtime.stores.warehouse import duck, lake_rows, raw_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Renders the files of loads."""

    scratch: Path  # the folder for DuckDB's temporary files
    # DuckDB's; what does not fit goes to disk. With it a load of a million rows takes 700 MiB at
    # most in all, for a fifth more CPU than with twice as much.
    memory_limit: str = "500MB"

    def render(
        self,
        inputs: Mapping[Kind, Sequence[Path]],
        *,
        load: Load,
        out: Path,
        staging: Staging | None,
    ) -> Rendered:
        """The load's rows of these batches as lake files by day, in the folder `out`.

        With a `staging` there are staged files too, without the rows that the load knows as
        refused, and the discards: these rows, and those that the warehouse cannot hold whole.
        """
        made = _Made()
        with duck.connect(self.scratch, memory_limit=self.memory_limit) as connection:
            for kind in (kind for kind in Kind if inputs.get(kind)):
                if raw_rows.read(connection, kind, inputs[kind], load=load):
                    for rows in _tables(connection, kind, load=load, out=out):
                        made.lake.extend(rows.lake())
                        made.add(rows, load=load, staging=staging)
        return made.rendered(out)

    def render_again(
        self, files: Mapping[str, Sequence[Path]], *, load: Load, out: Path, staging: Staging
    ) -> Rendered:
        """The staged files and the discards of rows of the lake, in the folder `out`.

        Args:
            files: those of the lake, by the names of their tables; all are of one kind of raw rows.
            load: its selection says which tables are made, and of which topics and columns.
            out: where the files go.
            staging: what the warehouse requires of them.
        """
        made = _Made()
        kind = tables.BY_NAME[load.selection.tables[0]].source
        with duck.connect(self.scratch, memory_limit=self.memory_limit) as connection:
            if lake_rows.read(connection, kind, files, load=load):
                for rows in _tables(connection, kind, load=load, out=out):
                    made.add(rows, load=load, staging=staging)
        return made.rendered(out)

    def part(self, file: DataFile, rows: range, *, to: Path, staging: Staging) -> Path:
        """Write some rows of a file, in their order, as a file of its own; returns its path."""
        with duck.connect(self.scratch, memory_limit=self.memory_limit) as connection:
            connection.execute(
                f"COPY (SELECT * FROM read_parquet('{file.path}') LIMIT {len(rows)}"
                f" OFFSET {rows.start}) TO '{to}' (FORMAT parquet, COMPRESSION {staging.codec})"
            )
        return to

    def key_at(self, file: DataFile, row: int) -> tuple[str, ...]:
        """The values of the key columns of one row of a file."""
        names = ", ".join(tables.BY_NAME[file.table].key)
        with duck.connect(self.scratch, memory_limit=self.memory_limit) as connection:
            found = connection.execute(
                f"SELECT {names} FROM read_parquet('{file.path}') LIMIT 1 OFFSET {row}"
            ).fetchall()
        return tuple(str(value) for value in found[0])


@dataclass(frozen=True, slots=True)
class _Discard:
    """A row that the warehouse cannot hold whole, or refused, as a line of the discards."""

    table: str
    key: str | list[str]  # the value of the table's key, or of each of its key columns
    reason: str
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of one table of one load, held in DuckDB."""

    connection: duckdb.DuckDBPyConnection
    table: Table
    selection: Selection
    out: Path

    def make(self) -> None:
        """Select the table's rows from the raw ones, as a view."""
        select = raw_rows.select(self.table, self.selection)
        self.connection.execute(f"CREATE TEMP VIEW {self.table.name} AS {select}")

    def stage(self, staging: Staging, *, refused: Sequence[tuple[str, ...]]) -> DataFile:
        """Write the file that the warehouse reads; JSON too long for it is NULL there."""
        path = self.out / f"stage-{self.table.name}.parquet"
        cut = [
            f"CASE WHEN strlen({name}) <= {staging.max_properties_bytes} THEN {name} END AS {name}"
            for name in self._json()
        ]
        replaced = f" REPLACE ({', '.join(cut)})" if cut else ""
        where = f" WHERE NOT {self._is_among(refused)}" if refused else ""
        self._copy(f"SELECT *{replaced} FROM {self.table.name}{where}", path, codec=staging.codec)
        count = self.connection.execute(f"SELECT count(*) FROM read_parquet('{path}')").fetchall()
        return self._file(path, rows=count[0][0])

    def lake(self) -> list[DataFile]:
        """Every row whole, one file for each day of arrival."""
        arrived = f"coalesce(CAST({self.table.arrived} AS DATE), DATE '1970-01-01')"
        days = self.connection.execute(
            f"SELECT {arrived} AS day, count(*) FROM {self.table.name} GROUP BY day ORDER BY day"
        ).fetchall()
        files = []
        for day, rows in days:
            path = self.out / f"lake-{self.table.name}-{day}.parquet"
            where = f"{arrived} = DATE '{day}'"
            self._copy(f"SELECT * FROM {self.table.name} WHERE {where}", path, codec="zstd")
            files.append(self._file(path, rows=rows, day=str(day)))
        return files

    def received(self) -> Arrivals:
        """The earliest and the latest arrival."""
        column = self.table.arrived
        earliest, latest = self.connection.execute(
            f"SELECT min({column}), max({column}) FROM {self.table.name}"
        ).fetchall()[0]
        return Arrivals(str(earliest or NEVER.earliest), str(latest or NEVER.latest))

    def oversize(self, staging: Staging) -> list[_Discard]:
        """The rows with JSON that is too long."""
        if not self._json():
            return []
        too_long = " OR ".join(
            f"strlen({name}) > {staging.max_properties_bytes}" for name in self._json()
        )
        return [self._discard(row, "properties_too_long") for row in self._where(too_long)]

    def refused(self, reasons: Mapping[tuple[str, ...], str]) -> list[_Discard]:
        """The rows that the warehouse refused."""
        if not reasons:
            return []
        rows = self._where(self._is_among(list(reasons)))
        return [self._discard(row, reasons[self._key(row)]) for row in rows]

    def _discard(self, row: Mapping[str, Any], reason: str) -> _Discard:
        key = self._key(row)
        return _Discard(self.table.name, key[0] if len(key) == 1 else list(key), reason, row)

    def _key(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(str(row[name]) for name in self.table.key)

    def _where(self, condition: str) -> list[dict[str, Any]]:
        found = self.connection.execute(f"SELECT * FROM {self.table.name} WHERE {condition}")
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def _is_among(self, keys: Sequence[tuple[str, ...]]) -> str:
        names = ", ".join(self.table.key)
        listed = ", ".join(f"({', '.join(map(raw_rows.quoted, key))})" for key in keys)
        return f"({names}) IN ({listed})"

    def _json(self) -> list[str]:
        return [column.name for column in self.table.columns if column.type is ColumnType.JSON]

    def _copy(self, query: str, path: Path, *, codec: str) -> None:
        self.connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION {codec})")

    def _file(self, path: Path, *, rows: int, day: str | None = None) -> DataFile:
        return DataFile(
            table=self.table.name,
            path=str(path),
            size_bytes=path.stat().st_size,
            rows=rows,
            day=day,
        )


def _tables(
    connection: duckdb.DuckDBPyConnection, kind: Kind, *, load: Load, out: Path
) -> Iterator[_Rows]:
    """The rows of each table that the load takes of a kind that has been read."""
    for table in tables.of_kind(kind):
        if load.selection.takes(table):
            rows = _Rows(connection, table, load.selection, out)
            rows.make()
            yield rows


@dataclass(slots=True)
class _Made:
    """What has been made of a load so far."""

    stage: list[DataFile] = field(default_factory=list)
    lake: list[DataFile] = field(default_factory=list)
    received: dict[str, Arrivals] = field(default_factory=dict)
    discards: list[_Discard] = field(default_factory=list)

    def add(self, rows: _Rows, *, load: Load, staging: Staging | None) -> None:
        """Add a table: when its rows arrived, and with a `staging` its file and its discards."""
        name = rows.table.name
        self.received[name] = rows.received()
        if staging is not None:
            refused = {each.key: each.reason for each in load.refused_of(name)}
            self.stage.append(rows.stage(staging, refused=list(refused)))
            self.discards.extend(rows.oversize(staging))
            self.discards.extend(rows.refused(refused))

    def rendered(self, out: Path) -> Rendered:
        """All of it, with the discards as a file in the folder `out`."""
        return Rendered(
            stage=tuple(self.stage),
            lake=tuple(self.lake),
            received=self.received,
            discards=_write_discards(self.discards, out / "discards.jsonl.gz"),
            discarded=Counter(each.table for each in self.discards),
        )


def _write_discards(rows: Sequence[_Discard], path: Path) -> str | None:
    if not rows:
        return None
    with path.open("wb") as plain, gzip.GzipFile("", "wb", fileobj=plain, mtime=0) as file:
        for row in rows:
            line = {"table": row.table, "key": row.key, "reason": row.reason, "row": row.row}
            file.write(json.dumps(line, ensure_ascii=False, default=str).encode() + b"\n")
    return str(path)
