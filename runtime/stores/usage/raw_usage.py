"""Counts what tenants used by the batches of the raw log.

A batch may repeat rows of another: the archive gets everything at least once. So ids are counted,
and not rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from runtime.core.archive.raw_log import Kind, RawBatch
from runtime.core.usage.usage import Usage, next_day
from runtime.stores.archive.raw_log import RawLog
from runtime.stores.warehouse import duck

if TYPE_CHECKING:
    import duckdb

FETCHED_AT_ONCE: Final = 200  # batches on disk at a time; the largest have some 10 MB
# One row for each thing that counts. Hashes of 64 bits stand for ids: of a billion, hundredths of
# one are lost to two ids with one hash.
_READ: Final = {
    Kind.EVENTS: (
        "{id: 'VARCHAR', tenant: 'VARCHAR', profile: 'VARCHAR', properties: 'VARCHAR'}",
        "SELECT tenant, 'event', hash(id), strlen(profile) + strlen(properties) FROM raw",
    ),
    # A record is written for other reasons too, such as a replay: only the write right after an
    # attempt tells of it.
    Kind.DELIVERIES: (
        """{tenant: 'VARCHAR', delivery_id: 'VARCHAR', attempts: 'BIGINT',
            last_attempt_at: 'VARCHAR', updated_at: 'VARCHAR'}""",
        """SELECT tenant, CASE attempts WHEN 1 THEN 'first' ELSE 'later' END,
            hash(delivery_id, attempts), 0 FROM raw WHERE attempts > 0
            AND updated_at::TIMESTAMP <= last_attempt_at::TIMESTAMP + INTERVAL 2 MINUTE""",
    ),
    Kind.RUNS: (
        "{tenant: 'VARCHAR', run_id: 'VARCHAR', attempts: 'BIGINT', outcome: 'VARCHAR'}",
        "SELECT tenant, 'run', hash(run_id, attempts), 0 FROM raw WHERE outcome <> 'skipped'",
    ),
}
_COUNT: Final = """
    SELECT tenant, count(*) FILTER (kind = 'event'), coalesce(sum(bytes), 0),
        count(*) FILTER (kind = 'first'), count(*) FILTER (kind IN ('first', 'later')),
        count(*) FILTER (kind = 'run')
    FROM (SELECT tenant, kind, id, max(bytes) AS bytes FROM used GROUP BY tenant, kind, id)
    GROUP BY tenant ORDER BY tenant"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawUsage:
    """Reads the raw log."""

    raw_log: RawLog
    scratch: Path  # where batches lie while they are read

    def of_day(self, day: str) -> list[Usage]:
        """What each tenant used on a day that has ended; only tenants that used something.

        Raises:
            NotFound: the object of a batch has expired.
            Transient: AWS does not answer.
        """
        first = self.raw_log.last_before(day) + 1
        last = self.raw_log.last_before(next_day(day))
        batches = (each for each in self.raw_log.between(first, last) if each.kind in _READ)
        with (
            TemporaryDirectory(dir=self.scratch) as folder,
            duck.connect(Path(folder)) as connection,
        ):
            connection.execute(
                "CREATE TABLE used (tenant VARCHAR, kind VARCHAR, id UBIGINT, bytes BIGINT)"
            )
            for some in _in_groups(batches):
                self._read(connection, some, folder=Path(folder))
            return [_usage(day, row) for row in connection.execute(_COUNT).fetchall()]

    def _read(
        self, connection: "duckdb.DuckDBPyConnection", batches: list[RawBatch], *, folder: Path
    ) -> None:
        files = self.raw_log.fetch(batches, folder=folder)
        for kind, (columns, select) in _READ.items():
            paths = [str(path) for path, of in files.items() if of is kind]
            if paths:
                connection.execute(
                    f"""INSERT INTO used WITH raw AS (SELECT * FROM read_json($paths,
                        format = 'newline_delimited', compression = 'gzip', columns = {columns}))
                    {select}""",
                    {"paths": paths},
                )
        for path in files:
            path.unlink()


def _in_groups(batches: Iterator[RawBatch]) -> Iterator[list[RawBatch]]:
    while some := list(islice(batches, FETCHED_AT_ONCE)):
        yield some


def _usage(day: str, row: tuple[Any, ...]) -> Usage:
    tenant, events, event_bytes, deliveries, attempts, runs = row
    return Usage(
        tenant=tenant,
        day=day,
        events=events,
        event_bytes=int(event_bytes),
        deliveries=deliveries,
        attempts=attempts,
        runs=runs,
    )
