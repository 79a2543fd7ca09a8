"""Merges raw batches of a folder into DuckDB by dlt, and prints what it took.

It runs in an environment of its own lock, which has none of our code.
"""

import gzip
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pyarrow.json


def rows(files: Sequence[Path]) -> Iterator[list[dict[str, Any]]]:
    """The batches as lists of rows, as most sources of dlt give them."""
    for file in files:
        yield [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]


def tables(files: Sequence[Path]) -> Iterator[pa.Table]:
    """The batches as Arrow tables, which is dlt's fastest way; fifty files a table."""
    for first in range(0, len(files), 50):
        texts = (gzip.decompress(file.read_bytes()) for file in files[first : first + 50])
        table = pyarrow.json.read_json(pa.py_buffer(b"".join(texts)))
        for name in ("occurred_at", "received_at"):
            moment = table[name]
            if not pa.types.is_timestamp(moment.type):
                moment = moment.cast(pa.timestamp("us", tz="UTC"))
            table = table.set_column(table.schema.get_field_index(name), name, moment)
        yield table


def _merge(pipeline: Any, data: Iterator[Any]) -> None:
    source = dlt.resource(
        data,
        name="events",
        primary_key="id",
        write_disposition={"disposition": "merge", "strategy": "delete-insert"},
        columns={"received_at": {"dedup_sort": "desc"}},
    )
    pipeline.run(source, loader_file_format="parquet")


def main(folder: Path, way: str) -> None:
    """Merge the batches, and print a JSON document of what it took."""
    with tempfile.TemporaryDirectory() as scratch:
        file = f"{scratch}/warehouse.duckdb"
        pipeline = dlt.pipeline(
            "events",
            pipelines_dir=f"{scratch}/dlt",
            destination=dlt.destinations.duckdb(file),
            dataset_name="acme",
        )
        read = rows if way == "rows" else tables
        files = sorted(folder.iterdir())
        _merge(pipeline, read(files[:1]))  # makes the tables
        began_s, cpu_s = time.monotonic(), time.process_time()
        _merge(pipeline, read(files))
        taken_s, used_s = time.monotonic() - began_s, time.process_time() - cpu_s
        with duckdb.connect(file) as connection:
            n, ids = connection.execute(
                "SELECT COUNT(*), COUNT(DISTINCT id) FROM acme.events"
            ).fetchall()[0]
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            json.dumps(
                {
                    "taken_s": taken_s,
                    "cpu_s": used_s,
                    "peak_mib": peak_mib,
                    "rows": n,
                    "ids": ids,
                    "version": dlt.__version__,
                }
            )
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
