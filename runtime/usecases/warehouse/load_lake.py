"""Load rows into the lake, for a sync without a warehouse."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.archive.raw_log import RawBatch
from runtime.core.timestamps import timestamp
from runtime.core.warehouse import plan, tables
from runtime.core.warehouse.plan import Load, LoadState, Rendered, Staging, TableCount
from runtime.core.warehouse.sync import Sync
from runtime.usecases.warehouse.destination import OpenLoad


class Files(Protocol):
    """Makes and stores the files of a load."""

    def render(
        self, load: Load, batches: Sequence[RawBatch], *, staging: Staging | None
    ) -> AbstractContextManager[Rendered]:
        """Write the load's Parquet files to local disk; with a `staging`, a warehouse's as well."""

    def publish(self, load: Load, rendered: Rendered) -> None:
        """Store the lake's files. Storing the same files again changes nothing."""


class Copies(Protocol):
    """Buckets of tenants' own."""

    def copy(self, sync: Sync, load: Load, rendered: Rendered) -> None:
        """Store the lake's files there, too, if the sync names a bucket, and then a list of them.

        Storing the same files again changes nothing.

        Raises:
            Permanent: code `permission` or `bucket_missing`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLake:
    """Publishes loads in the lake.

    A load that is continued after a kill stores the same files again, so each file exists once.
    """

    files: Files
    copies: Copies
    clock: Callable[[], datetime]

    @property
    def versions(self) -> str:
        """The version of the lake's object keys and that of the transform."""
        return f"{plan.LAKE_VERSION}.{plan.TRANSFORM_VERSION}"

    @property
    def unseen(self) -> frozenset[LoadState]:
        """Empty: a load may have published some files before its first step is stored."""
        return frozenset()

    def abandon(self, load: Load) -> None:
        """Do nothing: no load is planned again under another id, see `unseen`."""

    def __call__(self, sync: Sync, load: OpenLoad, batches: Sequence[RawBatch]) -> None:
        """Put the load's rows into the lake, and move the cursor behind them.

        Raises:
            PenstockError: a step failed; the load stays open.
        """
        with self.files.render(load.record, batches, staging=None) as rendered:
            self.files.publish(load.record, rendered)
            self.copies.copy(sync, load.record, rendered)
        counts = _counts(rendered)
        at = timestamp(self.clock())
        load.finish(load.record.with_state(LoadState.LOADED, tables=counts, at=at))


def _counts(rendered: Rendered) -> dict[str, TableCount]:
    """Count the rows that went in. Every row counts as new, because the lake compares no keys."""
    return {
        table.name: TableCount(rows_in=rows, rows_new=rows)
        for table in tables.TABLES
        if (rows := rendered.rows(table.name))
    }
