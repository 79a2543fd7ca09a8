"""Load rows into a warehouse that reads staged files, going on from the load's present state.

    PLANNED ─stage files─▶ STAGED ─submit─▶ SUBMITTED ─settled─▶ COMMITTED ─publish lake─▶ LOADED
                                               └─failed for certain─▶ FAILED ─next run─▶ PLANNED

After a kill between a step and its record, the next planner repeats the step, which changes
nothing: the same files are stored again under the same names, a token submits once, and the
warehouse's own ledger lets a load commit once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from runtime.core.archive.raw_log import RawBatch
from runtime.core.timestamps import timestamp
from runtime.core.warehouse.plan import Load, LoadState, Rendered, Settled, Staging
from runtime.core.warehouse.sync import Sync
from runtime.usecases.warehouse import load_lake
from runtime.usecases.warehouse.destination import OpenLoad


class Files(load_lake.Files, Protocol):
    """Makes and stores the files of a load."""

    def stage(self, load: Load, rendered: Rendered, *, staging: Staging) -> None:
        """Store the files that the warehouse reads. Storing them again changes nothing."""


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

    def settle(self, load: Load, *, schema: str) -> Settled | None:
        """How a submitted load ended, as the warehouse's own ledger says; None while it runs."""


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
        return frozenset({LoadState.PLANNED, LoadState.STAGED})

    def __call__(self, sync: Sync, load: OpenLoad, batches: Sequence[RawBatch]) -> None:
        """Put the load into the warehouse and the lake, or go as far as possible now.

        Raises:
            PenstockError: a step failed; the load stays open.
        """
        schema, staging = self.warehouse.schema(sync), self.warehouse.staging
        with self.files.render(load.record, batches, staging=staging) as rendered:
            if load.record.state is LoadState.PLANNED:
                self._stage(load, rendered)
            if load.record.state is LoadState.STAGED:
                self._submit(load, rendered, schema=schema)
            if load.record.state is LoadState.SUBMITTED:
                self._settle(load, schema=schema)
            if load.record.state is LoadState.COMMITTED:
                self._publish(load, rendered)

    def _stage(self, load: OpenLoad, rendered: Rendered) -> None:
        self.files.stage(load.record, rendered, staging=self.warehouse.staging)
        load.save(replace(load.record, state=LoadState.STAGED, discarded=rendered.discarded))

    def _submit(self, load: OpenLoad, rendered: Rendered, *, schema: str) -> None:
        statement_id = self.warehouse.submit(load.record, rendered, schema=schema)
        load.save(replace(load.record, state=LoadState.SUBMITTED, statement_id=statement_id))

    def _settle(self, load: OpenLoad, *, schema: str) -> None:
        settled = self.warehouse.settle(load.record, schema=schema)
        if settled is None:
            return
        if settled.tables:
            load.save(replace(load.record, state=LoadState.COMMITTED, tables=settled.tables))
            return
        failed = load.record.with_error(settled.error, code=settled.code, at=self._now())
        load.save(replace(failed, state=LoadState.FAILED))

    def _publish(self, load: OpenLoad, rendered: Rendered) -> None:
        self.files.publish(load.record, rendered)
        load.finish(load.record.with_state(LoadState.LOADED, at=self._now()))

    def _now(self) -> str:
        return timestamp(self.clock())
