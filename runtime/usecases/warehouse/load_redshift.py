"""Carry one load into Redshift, from whatever state it was left in.

    PLANNED ─stage files─▶ STAGED ─submit─▶ SUBMITTED ─finished─▶ COMMITTED ─publish lake─▶ LOADED
                                               └─failed for certain─▶ FAILED ─next run─▶ PLANNED

A kill between a step and its note only means that the step is done again: files are put once,
the token submits once, the guard commits once, and the lake's names are the load's own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from runtime.core.archive.raw_log import RawBatch
from runtime.core.timestamps import timestamp
from runtime.core.warehouse import plan, sql
from runtime.core.warehouse.plan import (
    Load,
    LoadState,
    Rendered,
    StatementOutcome,
    StatementState,
    TableCount,
)
from runtime.core.warehouse.sync import Sync
from runtime.usecases.warehouse import load_lake
from runtime.usecases.warehouse.load_lake import Progress

STATEMENT_WAIT_S: Final = 300.0  # then the next run looks again; the statement goes on
QUERY_WAIT_S: Final = 60.0
MAX_ERROR_CHARS: Final = 2_000


class Schemas(Protocol):
    """Who owns which schema, and how far it has been brought."""

    def claim_schema(self, schema: str, *, tenant: str) -> int:
        """Make a schema this tenant's own; its version. Raises Conflict `schema_taken`."""

    def set_schema_version(self, schema: str, *, version: int) -> None:
        """Remember how far a schema has been brought."""


class Files(load_lake.Files, Protocol):
    """The files of a load."""

    def stage(self, load: Load, rendered: Rendered) -> None:
        """Put what COPY will read."""


class Warehouse(Protocol):
    """Redshift."""

    def submit(self, statements: Sequence[str], *, name: str, token: str) -> str:
        """Start one transaction, once for a token; the statement's id."""

    def outcome(self, statement_id: str, *, wait_s: float) -> StatementOutcome:
        """How a statement stands."""

    def run(self, statements: Sequence[str], *, wait_s: float) -> None:
        """Run statements that may be repeated."""

    def query(self, sql: str, *, wait_s: float) -> list[dict[str, Any]]:
        """The rows of one SELECT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql:
    """Our SQL: the blocks of a load, and what brings a schema from version n to n + 1."""

    queries: sql.Blocks
    migrations: tuple[sql.Blocks, ...]

    @property
    def versions(self) -> str:
        """Schema and transform, as they enter a load's id."""
        return f"{len(self.migrations)}.{plan.TRANSFORM_VERSION}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRedshift:
    """Carries loads of Redshift syncs; every row is there once, whatever was done before."""

    files: Files
    warehouse: Warehouse
    schemas: Schemas
    sql: Sql
    bucket: str
    copy_role_arn: str
    clock: Callable[[], datetime]
    statement_wait_s: float = STATEMENT_WAIT_S

    def __call__(self, sync: Sync, progress: Progress, batches: Sequence[RawBatch]) -> None:
        """The load is in the warehouse and the lake, or as far as it could come.

        Raises:
            PenstockError: a step failed; the load stays open.
        """
        schema = plan.schema_name(sync)
        with self.files.render(progress.load, batches) as rendered:
            if progress.load.state is LoadState.PLANNED:
                self.files.stage(progress.load, rendered)
                progress.save(
                    replace(progress.load, state=LoadState.STAGED, discarded=rendered.discarded)
                )
            if progress.load.state is LoadState.STAGED:
                self._submit(progress, rendered, schema=schema)
            if progress.load.state is LoadState.SUBMITTED:
                self._settle(progress, schema=schema)
            if progress.load.state is LoadState.COMMITTED:
                self.files.publish(progress.load, rendered)
                progress.finish(progress.load.with_state(LoadState.LOADED, at=self._now()))

    def _submit(self, progress: Progress, rendered: Rendered, *, schema: str) -> None:
        load = progress.load
        self._bring_schema(schema, tenant=load.tenant)
        target = sql.Target(schema=schema, bucket=self.bucket, copy_role_arn=self.copy_role_arn)
        statements = sql.load_statements(self.sql.queries, load, target=target, rendered=rendered)
        statement_id = self.warehouse.submit(statements, name=load.load_id, token=load.token)
        progress.save(replace(load, state=LoadState.SUBMITTED, statement_id=statement_id))

    def _settle(self, progress: Progress, *, schema: str) -> None:
        load = progress.load
        seen = self.warehouse.outcome(load.statement_id or "", wait_s=self.statement_wait_s)
        if seen.state is StatementState.RUNNING:
            return
        if seen.state is not StatementState.FINISHED:
            # Somebody may have dropped the schema: without it nothing could be asked either.
            self.schemas.set_schema_version(schema, version=0)
            self._bring_schema(schema, tenant=load.tenant)
        counts = self._committed(load, schema=schema)
        if counts:
            progress.save(replace(load, state=LoadState.COMMITTED, tables=counts))
            return
        error = (seen.error or seen.state.value)[:MAX_ERROR_CHARS]
        code = "lost" if seen.state is StatementState.LOST else plan.categorize(error)
        failed = load.with_error(error, code=code, at=self._now())
        progress.save(replace(failed, state=LoadState.FAILED))

    def _committed(self, load: Load, *, schema: str) -> Mapping[str, TableCount]:
        """What the warehouse's own ledger says of this load; nothing when it has not happened."""
        (question,) = self.sql.queries.render(
            "find_load", {"schema": schema, "load_id": load.load_id}
        )
        return {
            row["table_name"]: TableCount(rows_in=row["rows_in"], rows_new=row["rows_new"])
            for row in self.warehouse.query(question, wait_s=QUERY_WAIT_S)
        }

    def _bring_schema(self, schema: str, *, tenant: str) -> None:
        version = self.schemas.claim_schema(schema, tenant=tenant)
        for number, migration in enumerate(self.sql.migrations[version:], start=version + 1):
            for name in migration.blocks:
                statements = migration.render(name, {"schema": schema})
                self.warehouse.run(statements, wait_s=QUERY_WAIT_S)
            self.schemas.set_schema_version(schema, version=number)

    def _now(self) -> str:
        return timestamp(self.clock())
