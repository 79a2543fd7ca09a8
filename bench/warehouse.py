"""Measures a sync of a million events beside dlt's merge, and its Parquet beside DuckDB's COPY."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import duckdb

from bench import warehouse_events
from bench.report import Row
from infra.build.venvs import EXTRA, ensure
from infra.local.emulator import aws_environment, start_ministack
from infra.local.place import ROOT, Place
from infra.local.processes import stop
from runtime.core.archive.raw_log import Kind
from runtime.core.warehouse.dialects import redshift
from runtime.core.warehouse.selection import Selection
from runtime.stores.warehouse.parquet import Writer
from tests.warehouse_records import a_load

ROWS: Final = 1_000_000
ROUNDS: Final = 3
SETTINGS: Final[dict[str, Any]] = {"threads": 1, "memory_limit": "500MB"}  # as our writer has them
DLT: Final = EXTRA["warehouse-peer"]


def measure() -> Iterator[Row]:
    """The sync and dlt in turn, and then the writing of Parquet alone."""
    ensure(DLT)
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as scratch:
        folder = Path(scratch) / "raw"
        distinct = warehouse_events.write(folder, ROWS)
        with _emulator(Path(scratch) / "cloud") as environment:
            sync = _sync(folder, environment)
        rows, arrow = _dlt(folder, "rows"), _dlt(folder, "arrow")
        # The sync's first load, which makes the tables, has an event of its own.
        for done, events in ((sync, distinct + 1), (rows, distinct), (arrow, distinct)):
            if (done["rows"], done["ids"]) != (events, events):
                raise ValueError(f"{done} does not hold {events} events once")
        files = len(list(folder.iterdir()))
        how = f"{ROWS:,} raw rows of {distinct:,} events in {files:,} files"
        memory = f"{sync['peak_mib']:.0f} MiB, and {sync['warehouse_mib']:.0f} of the warehouse"
        yield Row(
            what="full sync: rows a second, CPU, peak memory",
            value=_speed(sync, memory),
            how=f"{how}, read from S3; duplicates, Parquet for lake and stage, COPY, one"
            " transaction with the ledger; `events` and `messages`. CPU of sync and warehouse",
        )
        for name, done, source in (
            ("of rows", rows, "lists of dictionaries, as most sources give"),
            ("of Arrow tables", arrow, "Arrow's own reader of JSON, dlt's fastest way"),
        ):
            yield Row(
                what=f"dlt's merge {name}: the same",
                value=_speed(done, f"{done['peak_mib']:.0f} MiB"),
                how=f"{how}, on disk; dlt {done['version']}, {source}, merged by `id` into DuckDB;"
                " one table, no lake",
            )
            yield Row(
                what=f"the sync beside dlt's merge {name}: rows a second, CPU",
                value=f"{done['taken_s'] / sync['taken_s']:.1f} times,"
                f" {sync['cpu_s'] / done['cpu_s']:.2f} times",
                how="one run of each, one after the other",
            )
        yield from _parquet(folder)


def _speed(done: Mapping[str, Any], memory: str) -> str:
    return f"{ROWS / done['taken_s']:,.0f} rows/s, {done['cpu_s']:.1f} s, {memory}"


def _parquet(folder: Path) -> Iterator[Row]:
    """Our writer, and DuckDB's own statements that read and write the same without our rules."""
    inputs = sorted(folder.iterdir())
    ours, theirs = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as scratch:
            ours.append(_cpu_s(partial(_write, inputs, Path(scratch))))
        with tempfile.TemporaryDirectory() as scratch:
            theirs.append(_cpu_s(partial(_copy, inputs, Path(scratch))))
    share = statistics.median(theirs) / statistics.median(ours)
    yield Row(
        what="Parquet alone: rows per CPU second, and its share of DuckDB's own",
        value=f"{ROWS / statistics.median(ours):,.0f}, {share:.2f}",
        how="our writer of `events` for lake and stage; DuckDB's `COPY` of the same rows,"
        f" deduplicated, to the same two files; one thread, median of {ROUNDS}",
    )


def _cpu_s(work: Callable[[], None]) -> float:
    before_s = time.process_time()
    work()
    return time.process_time() - before_s


def _write(inputs: Sequence[Path], out: Path) -> None:
    load = a_load(selection=Selection(tables=("events",)))
    writer = Writer(scratch=out)
    writer.render({Kind.EVENTS: inputs}, load=load, out=out, staging=redshift.DIALECT.staging)


def _copy(inputs: Sequence[Path], out: Path) -> None:
    """The same files by DuckDB's own words, as somebody would write them by hand."""
    with duckdb.connect(config=SETTINGS) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            "CREATE TEMP TABLE events AS SELECT id, tenant, topic,"
            " CAST(occurred_at AS TIMESTAMP) AS occurred_at,"
            " CAST(received_at AS TIMESTAMP) AS received_at, profile_id, profile, properties,"
            " CAST(hops AS SMALLINT) AS hops, origin FROM read_json($files,"
            " format = 'newline_delimited', columns = {id: 'VARCHAR', tenant: 'VARCHAR',"
            " topic: 'VARCHAR', occurred_at: 'VARCHAR', received_at: 'VARCHAR',"
            " profile_id: 'VARCHAR', profile: 'VARCHAR', properties: 'VARCHAR', hops: 'SMALLINT',"
            " origin: 'VARCHAR'}) QUALIFY row_number() OVER (PARTITION BY id"
            " ORDER BY received_at DESC) = 1",
            {"files": [str(path) for path in inputs]},
        )
        for name, codec in (("lake", "zstd"), ("stage", "snappy")):
            connection.execute(
                f"COPY events TO '{out}/{name}.parquet' (FORMAT parquet, COMPRESSION {codec})"
            )


@contextmanager
def _emulator(folder: Path) -> Iterator[Mapping[str, str]]:
    """S3 and DynamoDB in a process of their own; gives the environment that names them."""
    place = Place(folder)
    place.prepare()
    running, endpoint = start_ministack(place)
    try:
        yield {**os.environ, **aws_environment(endpoint)}
    finally:
        stop(running)


def _sync(folder: Path, environment: Mapping[str, str]) -> Mapping[str, Any]:
    size = str(warehouse_events.ROWS_A_BATCH)
    return _told([sys.executable, "-m", "bench.warehouse_sync", str(folder), size], environment)


def _dlt(folder: Path, way: str) -> Mapping[str, Any]:
    script = str(ROOT / "bench" / "peer_dlt.py")
    quiet = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    return _told([str(DLT.python), script, str(folder), way], {**os.environ, **quiet})


def _told(command: Sequence[str], environment: Mapping[str, str]) -> Mapping[str, Any]:
    """The JSON document that a process prints as its last line."""
    done = subprocess.run(  # noqa: S603 - our own scripts
        command, env=dict(environment), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-4_000:])
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer
