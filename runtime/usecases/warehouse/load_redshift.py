"""A load into Redshift: one transaction of our SQL, submitted by the Data API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from runtime.core.warehouse import plan, redshift
from runtime.core.warehouse.plan import Load, Rendered, Settled, Staging, TableCount
from runtime.core.warehouse.redshift import Blocks, StatementOutcome, StatementState
from runtime.core.warehouse.sync import Sync

STATEMENT_WAIT_S: Final = 300.0  # after this the next run looks again, while the statement goes on
QUERY_WAIT_S: Final = 60.0
MAX_ERROR_CHARS: Final = 2_000


class Schemas(Protocol):
    """Which tenant owns a schema, and which version its tables have."""

    def claim_schema(self, schema: str, *, tenant: str) -> int:
        """Make a schema this tenant's own; its version. Raises Conflict `schema_taken`."""

    def set_schema_version(self, schema: str, *, version: int) -> None:
        """Record the version of a schema's tables."""


class DataApi(Protocol):
    """Redshift's Data API."""

    def submit(self, statements: Sequence[str], *, name: str, token: str) -> str:
        """Start one transaction, once for a token; the statement's id."""

    def outcome(self, statement_id: str, *, wait_s: float) -> StatementOutcome:
        """How a statement stands, at the latest after `wait_s`."""

    def run(self, statements: Sequence[str], *, wait_s: float) -> None:
        """Run statements that may be repeated."""

    def query(self, sql: str, *, wait_s: float) -> list[dict[str, Any]]:
        """The rows of one SELECT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql:
    """Our SQL."""

    queries: Blocks  # the blocks of a load
    migrations: tuple[Blocks, ...]  # the n-th brings a schema to version n

    @property
    def versions(self) -> str:
        """Schema and transform, as they enter a load's id."""
        return f"{len(self.migrations)}.{plan.TRANSFORM_VERSION}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRedshift:
    """Redshift, behind the port of `load_staged`."""

    data_api: DataApi
    schemas: Schemas
    sql: Sql
    bucket: str  # of the staged files
    copy_role_arn: str  # the role by which Redshift reads them
    statement_wait_s: float = STATEMENT_WAIT_S

    @property
    def staging(self) -> Staging:
        """What COPY asks of its files."""
        return redshift.STAGING

    @property
    def versions(self) -> str:
        """Schema and transform."""
        return self.sql.versions

    def schema(self, sync: Sync) -> str:
        """The schema that the sync's tables stand in; raises BadInput `bad_schema`."""
        return redshift.schema_name(sync)

    def submit(self, load: Load, rendered: Rendered, *, schema: str) -> str:
        """Start the load's transaction; its statement's id."""
        self._bring_schema(schema, tenant=load.tenant)
        target = redshift.Target(
            schema=schema, bucket=self.bucket, copy_role_arn=self.copy_role_arn
        )
        statements = redshift.load_statements(
            self.sql.queries, load, target=target, rendered=rendered
        )
        return self.data_api.submit(statements, name=load.load_id, token=load.token)

    def settle(self, load: Load, *, schema: str) -> Settled | None:
        """How the load has ended; None when the statement still runs.

        The table `_loads` decides, because it was written by the load's own transaction.
        """
        outcome = self.data_api.outcome(load.statement_id or "", wait_s=self.statement_wait_s)
        if outcome.state is StatementState.RUNNING:
            return None
        if outcome.state is not StatementState.FINISHED:
            # The schema is made again if somebody has dropped it: the next statement needs it.
            self.schemas.set_schema_version(schema, version=0)
            self._bring_schema(schema, tenant=load.tenant)
        counts = self._committed(load, schema=schema)
        return Settled(tables=counts) if counts else _failed(outcome)

    def _committed(self, load: Load, *, schema: str) -> Mapping[str, TableCount]:
        """What `_loads` says of this load; nothing when it has not happened."""
        (question,) = self.sql.queries.render(
            "find_load", {"schema": schema, "load_id": load.load_id}
        )
        return {
            row["table_name"]: TableCount(rows_in=row["rows_in"], rows_new=row["rows_new"])
            for row in self.data_api.query(question, wait_s=QUERY_WAIT_S)
        }

    def _bring_schema(self, schema: str, *, tenant: str) -> None:
        version = self.schemas.claim_schema(schema, tenant=tenant)
        for number, migration in enumerate(self.sql.migrations[version:], start=version + 1):
            for name in migration.blocks:
                statements = migration.render(name, {"schema": schema})
                self.data_api.run(statements, wait_s=QUERY_WAIT_S)
            self.schemas.set_schema_version(schema, version=number)


def _failed(outcome: StatementOutcome) -> Settled:
    error = (outcome.error or outcome.state.value)[:MAX_ERROR_CHARS]
    lost = outcome.state is StatementState.LOST
    return Settled(error=error, code="lost" if lost else redshift.categorize(error))
