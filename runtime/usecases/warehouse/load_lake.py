"""Carry one load into the lake."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.archive.raw_log import Kind, RawBatch
from runtime.core.timestamps import timestamp
from runtime.core.warehouse.plan import Lease, Load, LoadState, Rendered, TableCount
from runtime.errors import PenstockError


class Ledger(Protocol):
    """What remembers how far a load has come; raises Transient when the lease is lost."""

    def save(self, lease: Lease, record: Load) -> None:
        """Remember how far the open load has come."""

    def finish(self, lease: Lease, record: Load) -> None:
        """Close a load and move the cursor behind it."""


class Files(Protocol):
    """The files of a load."""

    def render(self, load: Load, batches: Sequence[RawBatch]) -> AbstractContextManager[Rendered]:
        """The load's Parquet files on local disk."""

    def publish(self, load: Load, rendered: Rendered) -> None:
        """Put the lake's files."""


class Progress:
    """One load as the ledger knows it, while its steps are done."""

    def __init__(self, *, ledger: Ledger, lease: Lease, load: Load) -> None:
        self.load = load
        self._ledger = ledger
        self._lease = lease

    def save(self, load: Load) -> None:
        """A step is done."""
        self._ledger.save(self._lease, load)
        self.load = load

    def finish(self, load: Load) -> None:
        """All steps are done."""
        self._ledger.finish(self._lease, load)
        self.load = load

    def note(self, problem: PenstockError, *, at: str) -> None:
        """Leave the reason in the load's record; the load stays where it was."""
        if problem.code == "lease_lost":
            return  # the record is the other planner's now
        record = self.load.with_error(problem.message, code=problem.code, at=at)
        self._ledger.save(self._lease, record)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLake:
    """Publishes loads of syncs that have no warehouse. Again: the same files, once."""

    files: Files
    clock: Callable[[], datetime]

    def __call__(self, progress: Progress, batches: Sequence[RawBatch]) -> None:
        """The load's rows are in the lake and its cursor behind them.

        Raises:
            PenstockError: a step failed; the load stays open.
        """
        with self.files.render(progress.load, batches) as rendered:
            self.files.publish(progress.load, rendered)
        counts = {
            kind.value: TableCount(rows_in=rows, rows_new=rows)
            for kind in Kind
            if (rows := rendered.rows(kind))
        }
        progress.finish(
            progress.load.with_state(LoadState.LOADED, tables=counts, at=timestamp(self.clock()))
        )
