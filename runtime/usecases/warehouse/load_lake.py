"""Carry a load into the lake, for a sync that has no warehouse."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.archive.raw_log import Kind, RawBatch
from runtime.core.timestamps import timestamp
from runtime.core.warehouse import plan
from runtime.core.warehouse.plan import Load, LoadState, Rendered, Staging, TableCount
from runtime.core.warehouse.sync import Sync
from runtime.usecases.warehouse.destination import OpenLoad


class Files(Protocol):
    """The files of a load."""

    def render(
        self, load: Load, batches: Sequence[RawBatch], *, staging: Staging | None
    ) -> AbstractContextManager[Rendered]:
        """The load's Parquet files on local disk; with a `staging`, those for a warehouse too."""

    def publish(self, load: Load, rendered: Rendered) -> None:
        """Put the lake's files; putting the same again changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLake:
    """Publishes loads. A load that is continued writes the same files, so each exists once."""

    files: Files
    clock: Callable[[], datetime]

    @property
    def versions(self) -> str:
        """The lake's names and the transform."""
        return f"{plan.LAKE_VERSION}.{plan.TRANSFORM_VERSION}"

    @property
    def unseen(self) -> frozenset[LoadState]:
        """None: a load may have published some of its files before its first step is noted."""
        return frozenset()

    def __call__(self, sync: Sync, load: OpenLoad, batches: Sequence[RawBatch]) -> None:  # noqa: ARG002 - a port's
        """Put the load's rows into the lake and the cursor behind them.

        Raises:
            PenstockError: a step failed; the load stays open.
        """
        with self.files.render(load.record, batches, staging=None) as rendered:
            self.files.publish(load.record, rendered)
        counts = _counts(rendered)
        at = timestamp(self.clock())
        load.finish(load.record.with_state(LoadState.LOADED, tables=counts, at=at))


def _counts(rendered: Rendered) -> dict[str, TableCount]:
    """The rows that went in; the lake looks nothing up, so each counts as new."""
    return {
        kind.value: TableCount(rows_in=rows, rows_new=rows)
        for kind in Kind
        if (rows := rendered.rows(kind))
    }
