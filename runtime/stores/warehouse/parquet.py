"""Writes one tenant's Parquet files from raw batches, by DuckDB.

The same batches give the same bytes: there is one thread, every duplicate is decided, and rows are
ordered by all their columns. DuckDB fetches nothing while it runs, no extension and no remote file.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb

from runtime.core.archive.raw_log import Kind
from runtime.core.warehouse.plan import Arrivals, DataFile, Rendered, Staging

_RAW_COLUMNS: Final = {
    Kind.EVENTS: {
        "tenant": "VARCHAR",
        "id": "VARCHAR",
        "topic": "VARCHAR",
        "occurred_at": "VARCHAR",
        "received_at": "VARCHAR",
        "profile_id": "VARCHAR",
        "profile": "VARCHAR",
        "properties": "VARCHAR",
        "hops": "SMALLINT",
        "origin": "VARCHAR",
    },
    Kind.PROFILES: {
        "tenant": "VARCHAR",
        "profile_id": "VARCHAR",
        "external_id": "VARCHAR",
        "email": "VARCHAR",
        "phone": "VARCHAR",
        "properties": "VARCHAR",
        "revision": "BIGINT",
        "deleted": "BOOLEAN",
        "updated_at": "VARCHAR",
    },
}
# Warehouses refuse NUL in a text column; inside JSON text it is escaped already. The door refuses
# it in a person's names, but the raw log may hold some from before. Both tables must spell them
# alike, or they do not join.
_PLAIN_TEXTS: Final = {
    Kind.EVENTS: ("profile_id",),
    Kind.PROFILES: ("profile_id", "external_id", "email", "phone"),
}
_COLUMNS: Final = {
    Kind.EVENTS: """id, tenant, topic, CAST(occurred_at AS TIMESTAMP) AS occurred_at,
        CAST(received_at AS TIMESTAMP) AS received_at,
        profile_id, profile, properties, hops, origin""",
    Kind.PROFILES: """profile_id, external_id, email, phone, properties, revision, deleted,
        CAST(nullif(updated_at, '') AS TIMESTAMP) AS updated_at""",
}
_KEY: Final = {Kind.EVENTS: "id", Kind.PROFILES: "profile_id"}
_LATEST: Final = {Kind.EVENTS: "received_at", Kind.PROFILES: "revision"}
_ARRIVED: Final = {Kind.EVENTS: "received_at", Kind.PROFILES: "updated_at"}


class _Discard(NamedTuple):
    """A row that the warehouse cannot hold whole, as a line of the discards."""

    table: str
    key: str
    reason: str
    properties: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Renders the files of loads."""

    scratch: Path  # the folder for DuckDB's temporary files
    memory_limit: str = "1GB"  # DuckDB's; about 60 % of the function's memory

    def render(
        self,
        inputs: Mapping[Kind, Sequence[Path]],
        *,
        tenant: str,
        out: Path,
        staging: Staging | None,
    ) -> Rendered:
        """The tenant's rows of these batches as lake files by day, in the folder `out`.

        With a `staging` there are staged files too, and the discards that it makes.
        """
        stage: list[DataFile] = []
        lake: list[DataFile] = []
        received: dict[Kind, Arrivals] = {}
        discards: list[_Discard] = []
        with self._connect() as connection:
            for kind in (kind for kind in Kind if inputs.get(kind)):
                table = _Table(connection, kind, out)
                if not table.read(inputs[kind], tenant=tenant):
                    continue
                lake.extend(table.lake())
                received[kind] = table.received()
                if staging is not None:
                    stage.append(table.stage(staging))
                    discards.extend(table.oversize(staging))
        return Rendered(
            stage=tuple(stage),
            lake=tuple(lake),
            received=received,
            discards=_write_discards(discards, out / "discards.jsonl.gz"),
            discarded=len(discards),
        )

    def _connect(self) -> duckdb.DuckDBPyConnection:
        home = self.scratch / "duckdb"
        home.mkdir(parents=True, exist_ok=True)
        return duckdb.connect(
            config={
                "threads": 1,
                "memory_limit": self.memory_limit,
                "temp_directory": str(home),
                "home_directory": str(home),
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        )


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of one load, held in DuckDB."""

    connection: duckdb.DuckDBPyConnection
    kind: Kind
    out: Path

    def read(self, inputs: Sequence[Path], *, tenant: str) -> int:
        """Read one copy of each of the tenant's rows; returns how many rows there are."""
        raw = _RAW_COLUMNS[self.kind]
        everything = ", ".join(raw)
        plain = ", ".join(
            f"replace({name}, chr(0), '') AS {name}" for name in _PLAIN_TEXTS[self.kind]
        )
        self.connection.execute(
            f"""CREATE TEMP TABLE {self.kind} AS SELECT {_COLUMNS[self.kind]} FROM (
                SELECT *, row_number() OVER (PARTITION BY {_KEY[self.kind]}
                    ORDER BY {_LATEST[self.kind]} DESC, {everything}) AS place
                FROM (SELECT * REPLACE ({plain}) FROM read_json(
                    $files, format = 'newline_delimited', compression = 'gzip',
                    columns = {_struct(raw)}))
                WHERE tenant = $tenant) AS copies WHERE place = 1""",  # noqa: S608 - our constants
            {"files": [str(path) for path in inputs], "tenant": tenant},
        )
        return int(self._one("SELECT count(*) FROM {table}")[0])

    def stage(self, staging: Staging) -> DataFile:
        """Write the file that the warehouse reads; properties too long for it are NULL there."""
        path = self.out / f"stage-{self.kind}.parquet"
        self._copy(
            f"""SELECT * REPLACE (CASE WHEN strlen(properties) <= {staging.max_properties_bytes}
                THEN properties END AS properties) FROM {self.kind}""",  # noqa: S608 - constants
            path,
            codec=staging.codec,
        )
        return self._file(path, rows=int(self._one("SELECT count(*) FROM {table}")[0]))

    def lake(self) -> list[DataFile]:
        """Every row whole, one file for each day of arrival."""
        arrived = f"coalesce(CAST({_ARRIVED[self.kind]} AS DATE), DATE '1970-01-01')"
        days = self.connection.execute(
            f"SELECT {arrived} AS day, count(*) FROM {self.kind} GROUP BY day ORDER BY day"  # noqa: S608 - our constants
        ).fetchall()
        files = []
        for day, rows in days:
            path = self.out / f"lake-{self.kind}-{day}.parquet"
            where = f"{arrived} = DATE '{day}'"
            self._copy(f"SELECT * FROM {self.kind} WHERE {where}", path, codec="zstd")  # noqa: S608 - our constants
            files.append(self._file(path, rows=rows, day=str(day)))
        return files

    def received(self) -> Arrivals:
        """The earliest and the latest arrival."""
        column = _ARRIVED[self.kind]
        earliest, latest = self._one(f"SELECT min({column}), max({column}) FROM {{table}}")  # noqa: S608 - our constants
        return Arrivals(str(earliest or "1970-01-01"), str(latest or "1970-01-01"))

    def oversize(self, staging: Staging) -> list[_Discard]:
        """The rows whose properties are too long."""
        rows = self.connection.execute(
            f"""SELECT {_KEY[self.kind]}, properties FROM {self.kind}
                WHERE strlen(properties) > {staging.max_properties_bytes} ORDER BY 1"""  # noqa: S608 - our constants
        ).fetchall()
        return [_Discard(self.kind, key, "properties_too_long", text) for key, text in rows]

    def _copy(self, query: str, path: Path, *, codec: str) -> None:
        order = f"{_ARRIVED[self.kind]}, {_KEY[self.kind]}"
        self.connection.execute(
            f"COPY ({query} ORDER BY {order}) TO '{path}' (FORMAT parquet, COMPRESSION {codec})"
        )

    def _file(self, path: Path, *, rows: int, day: str | None = None) -> DataFile:
        return DataFile(
            kind=self.kind, path=str(path), size_bytes=path.stat().st_size, rows=rows, day=day
        )

    def _one(self, query: str) -> tuple[Any, ...]:
        row = self.connection.execute(query.format(table=self.kind)).fetchone()
        assert row is not None, "an aggregate gives a row"  # noqa: S101 - narrows the type
        return row


def _struct(columns: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}: '{kind}'" for name, kind in columns.items()) + "}"


def _write_discards(rows: Sequence[_Discard], path: Path) -> str | None:
    if not rows:
        return None
    with path.open("wb") as plain, gzip.GzipFile("", "wb", fileobj=plain, mtime=0) as file:
        for row in rows:
            file.write(json.dumps(row._asdict(), ensure_ascii=False).encode() + b"\n")
    return str(path)
