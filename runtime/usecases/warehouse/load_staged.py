"""Load rows into a warehouse that reads staged files, going on from the load's present state.

    PLANNED ─stage files─▶ STAGED ─submit─▶ SUBMITTED ─settled─▶ COMMITTED ─publish lake─▶ LOADED
                                               ├─some rows refused─▶ PLANNED, without these rows
                                               └─failed for certain─▶ FAILED ─next run─▶ PLANNED

After a kill between a step and its record, the next planner repeats the step, which changes
nothing: the same files are stored again under the same names, a token submits once, and the
warehouse's own ledger lets a load commit once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, Protocol

from runtime.core.archive.raw_log import RawBatch
from runtime.core.timestamps import timestamp
from runtime.core.warehouse import plan
from runtime.core.warehouse.plan import (
    DataFile,
    Load,
    LoadState,
    Refused,
    Rendered,
    Settled,
    Staging,
)
from runtime.core.warehouse.refusals import bad_rows
from runtime.core.warehouse.sync import Sync
from runtime.usecases.warehouse import load_lake
from runtime.usecases.warehouse.destination import OpenLoad

MAX_REASON_CHARS: Final = 500  # of a refused row, in the load's record
# The states before a load is submitted to its warehouse.
UNSEEN: Final = frozenset({LoadState.PLANNED, LoadState.STAGED})


class Files(load_lake.Files, Protocol):
    """Makes and stores the files of a load."""

    def stage(self, load: Load, rendered: Rendered, *, staging: Staging) -> None:
        """Store the files that the warehouse reads. Storing them again changes nothing."""

    def stage_part(self, load: Load, file: DataFile, rows: range, *, staging: Staging) -> str:
        """Store some rows of a table as the warehouse reads them; returns the manifest's key."""

    def key_at(self, file: DataFile, row: int) -> tuple[str, ...]:
        """The values of the key columns of one row of a file."""

    def unstage(self, load: Load) -> None:
        """Delete the data among them. Deleting it again changes nothing."""


class Warehouse(Protocol):
    """One vendor's warehouse: the part of a load that differs between vendors."""

    @property
    def staging(self) -> Staging:
        """What the warehouse requires of staged files."""

    @property
    def versions(self) -> str:
        """The version of the warehouse's tables and that of the transform."""

    def schema(self, sync: Sync) -> str:
        """The schema of the sync's tables.

        Raises:
            BadInput: code `bad_schema`.
        """

    def submit(self, load: Load, rendered: Rendered, *, schema: str) -> str:
        """Start the load's transaction, once for each attempt; returns the warehouse's id of it."""

    def is_running(self, load: Load) -> bool:
        """Whether the transaction of a submitted load goes on; waits a little for its end."""

    def settle(self, load: Load, *, schema: str) -> Settled | None:
        """How a submitted load ended, as the warehouse's own ledger says; None while it runs."""

    def refusal(self, load: Load, table: str, manifest_key: str, *, schema: str) -> str:
        """Why the warehouse does not take the rows of this manifest; empty if it takes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadStaged:
    """Puts loads into one warehouse. Each row is there once, however often a load is continued."""

    files: Files
    warehouse: Warehouse
    clock: Callable[[], datetime]

    @property
    def versions(self) -> str:
        """The versions of the warehouse."""
        return self.warehouse.versions

    @property
    def unseen(self) -> frozenset[LoadState]:
        """The states before the load is submitted to the warehouse."""
        return UNSEEN

    def __call__(self, sync: Sync, load: OpenLoad, batches: Sequence[RawBatch]) -> None:
        """Put the load into the warehouse and the lake, or go as far as possible now.

        Raises:
            PenstockError: a step failed; the load stays open.
        """
        schema, staging = self.warehouse.schema(sync), self.warehouse.staging
        if load.record.state is LoadState.SUBMITTED and self.warehouse.is_running(load.record):
            return  # its files would be made for nothing
        with self.files.render(load.record, batches, staging=staging) as rendered:
            if load.record.state is LoadState.PLANNED and not rendered.stage:
                # Everybody was erased whom its rows were about since it was planned.
                load.finish(load.record.with_state(LoadState.LOADED, at=self._now()))
            if load.record.state is LoadState.PLANNED:
                self._stage(load, rendered)
            if load.record.state is LoadState.STAGED:
                self._submit(load, rendered, schema=schema)
            if load.record.state is LoadState.SUBMITTED:
                self._settle(load, rendered, schema=schema)
            if load.record.state is LoadState.COMMITTED:
                self._publish(load, rendered)

    def abandon(self, load: Load) -> None:
        """Delete what the load has staged."""
        self.files.unstage(load)

    def _stage(self, load: OpenLoad, rendered: Rendered) -> None:
        self.files.stage(load.record, rendered, staging=self.warehouse.staging)
        discarded = sum(rendered.discarded.values())
        load.save(replace(load.record, state=LoadState.STAGED, discarded=discarded))

    def _submit(self, load: OpenLoad, rendered: Rendered, *, schema: str) -> None:
        statement_id = self.warehouse.submit(load.record, rendered, schema=schema)
        load.save(replace(load.record, state=LoadState.SUBMITTED, statement_id=statement_id))

    def _settle(self, load: OpenLoad, rendered: Rendered, *, schema: str) -> None:
        settled = self.warehouse.settle(load.record, schema=schema)
        if settled is None:
            return
        if settled.tables:
            load.save(replace(load.record, state=LoadState.COMMITTED, tables=settled.tables))
            return
        refused = self._refused(load.record, rendered, schema=schema) if _is_data(settled) else ()
        if refused and len(load.record.refused) + len(refused) <= plan.MAX_REFUSED:
            load.save(load.record.without(refused))
            return
        failed = load.record.with_error(settled.error, code=settled.code, at=self._now())
        load.save(replace(failed, state=LoadState.FAILED))

    def _refused(self, load: Load, rendered: Rendered, *, schema: str) -> tuple[Refused, ...]:
        """The rows that the warehouse does not take, as far as one run finds them."""
        staging = self.warehouse.staging

        def ask(file: DataFile, rows: range) -> str:
            key = self.files.stage_part(load, file, rows, staging=staging)
            return self.warehouse.refusal(load, file.table, key, schema=schema)

        return tuple(
            Refused(file.table, self.files.key_at(file, bad.number), bad.reason[:MAX_REASON_CHARS])
            for file in rendered.stage
            for bad in bad_rows(file.rows, partial(ask, file))
        )

    def _publish(self, load: OpenLoad, rendered: Rendered) -> None:
        self.files.publish(load.record, rendered)
        self.files.unstage(load.record)  # after the commit nobody reads it, and it names people
        load.finish(load.record.with_state(LoadState.LOADED, at=self._now()))

    def _now(self) -> str:
        return timestamp(self.clock())


def _is_data(settled: Settled) -> bool:
    return settled.code == "data"
