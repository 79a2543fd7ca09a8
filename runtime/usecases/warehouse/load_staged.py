"""Carry a load into a warehouse that reads staged files, from whatever state it was left in.

    PLANNED ─stage files─▶ STAGED ─submit─▶ SUBMITTED ─settled─▶ COMMITTED ─publish lake─▶ LOADED
                                               └─failed for certain─▶ FAILED ─next run─▶ PLANNED

When a planner is killed between a step and its note, the step is done again, and that changes
nothing: a file is put once, a token submits once, the warehouse's own ledger lets a load commit
once, and the names in the lake are the load's own.
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
    """The files of a load."""

    def stage(self, load: Load, rendered: Rendered, *, staging: Staging) -> None:
        """Put what the warehouse will read; putting the same again changes nothing."""


class Warehouse(Protocol):
    """One vendor's warehouse: what differs between them."""

    @property
    def staging(self) -> Staging:
        """What it asks of staged files."""

    @property
    def versions(self) -> str:
        """The versions of its tables and of the transform."""

    def schema(self, sync: Sync) -> str:
        """The schema that the sync's tables stand in; raises BadInput `bad_schema`."""

    def submit(self, load: Load, rendered: Rendered, *, schema: str) -> str:
        """Start the load's transaction, once for an attempt; what the warehouse calls it."""

    def settle(self, load: Load, *, schema: str) -> Settled | None:
        """How a submitted load has ended, asked of the warehouse's own ledger; None: it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadStaged:
    """Carries loads into one warehouse; every row is there once, whatever was done before."""

    files: Files
    warehouse: Warehouse
    clock: Callable[[], datetime]

    @property
    def versions(self) -> str:
        """The warehouse's."""
        return self.warehouse.versions

    @property
    def unseen(self) -> frozenset[LoadState]:
        """Those before the warehouse has heard of the load."""
        return frozenset({LoadState.PLANNED, LoadState.STAGED})

    def __call__(self, sync: Sync, load: OpenLoad, batches: Sequence[RawBatch]) -> None:
        """Bring the load into the warehouse and the lake, or as far as it can come now.

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
