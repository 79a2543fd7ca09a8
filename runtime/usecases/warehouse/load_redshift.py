"""Load rows into Redshift, in one transaction of our SQL through the Data API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from runtime.core.warehouse import plan, redshift
from runtime.core.warehouse.plan import Load, Rendered, Settled, Staging, TableCount
from runtime.core.warehouse.redshift import Blocks, StatementOutcome, StatementState
from runtime.core.warehouse.sync import Sync

# If a statement takes longer, it goes on, and the next run looks for its end.
STATEMENT_WAIT_S: Final = 300.0
QUERY_WAIT_S: Final = 60.0
MAX_ERROR_CHARS: Final = 2_000


class Schemas(Protocol):
    """Stores which tenant owns a schema, and which version its tables have."""

    def claim_schema(self, schema: str, *, tenant: str) -> int:
        """Make a schema the tenant's own; returns the version of its tables, 0 for none.

        Raises:
            Conflict: code `schema_taken`: it is another tenant's.
        """

    def set_schema_version(self, schema: str, *, version: int) -> None:
        """Record the version of a schema's tables."""


class DataApi(Protocol):
    """Redshift's Data API."""

    def submit(self, statements: Sequence[str], *, name: str, token: str) -> str:
        """Start one transaction, once for each token; returns the statement's id."""

    def outcome(self, statement_id: str, *, wait_s: float) -> StatementOutcome:
        """How a statement stands; waits up to `wait_s` seconds for its end."""

    def run(self, statements: Sequence[str], *, wait_s: float) -> None:
        """Run statements that do no harm when they are repeated."""

    def query(self, sql: str, *, wait_s: float) -> list[dict[str, Any]]:
        """The rows of one SELECT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql:
    """Our SQL for Redshift."""

    queries: Blocks  # that make up a load
    migrations: tuple[Blocks, ...]  # the n-th, counted from 1, brings a schema to version n

    @property
    def versions(self) -> str:
        """The version of the schema and that of the transform."""
        return f"{len(self.migrations)}.{plan.TRANSFORM_VERSION}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRedshift:
    """Redshift behind the port `Warehouse` of `load_staged`."""

    data_api: DataApi
    schemas: Schemas
    sql: Sql
    bucket: str  # where the staged files are
    copy_role_arn: str  # Redshift reads them under this role
    statement_wait_s: float = STATEMENT_WAIT_S

    @property
    def staging(self) -> Staging:
        """What COPY requires of its files."""
        return redshift.STAGING

    @property
    def versions(self) -> str:
        """The version of the schema and that of the transform."""
        return self.sql.versions

    def schema(self, sync: Sync) -> str:
        """The schema of the sync's tables.

        Raises:
            BadInput: code `bad_schema`.
        """
        return redshift.schema_name(sync)

    def submit(self, load: Load, rendered: Rendered, *, schema: str) -> str:
        """Start the load's transaction; returns the statement's id.

        Raises:
            Conflict: code `schema_taken`: the schema is another tenant's.
            PenstockError: Redshift did not accept the transaction.
        """
        self._bring_schema(schema, tenant=load.tenant)
        target = redshift.Target(
            schema=schema, bucket=self.bucket, copy_role_arn=self.copy_role_arn
        )
        statements = redshift.load_statements(
            self.sql.queries, load, target=target, rendered=rendered
        )
        return self.data_api.submit(statements, name=load.load_id, token=load.token)

    def settle(self, load: Load, *, schema: str) -> Settled | None:
        """How the load ended; None while its statement runs.

        The table `_loads` decides, because the load's own transaction writes it.
        """
        outcome = self.data_api.outcome(load.statement_id or "", wait_s=self.statement_wait_s)
        if outcome.state is StatementState.RUNNING:
            return None
        if outcome.state is not StatementState.FINISHED:
            # Somebody may have dropped the schema, which the next statement needs: make it again.
            self.schemas.set_schema_version(schema, version=0)
            self._bring_schema(schema, tenant=load.tenant)
        counts = self._committed(load, schema=schema)
        return Settled(tables=counts) if counts else _failed(outcome)

    def erase(
        self, sync: Sync, profile_ids: Sequence[str], *, request_id: str, erased_at: str
    ) -> None:
        """Delete the rows of these profiles from a sync's schema, and keep them out for ever.

        Args:
            sync: which has the schema; it need not have loaded anything yet.
            profile_ids: the ids by which rows name the person.
            request_id: of the job that asks.
            erased_at: ISO 8601.

        Raises:
            Transient: Redshift did not do it all; erase the same again.
        """
        schema = self.schema(sync)
        self._bring_schema(schema, tenant=sync.tenant)
        for statements in redshift.erasure_statements(
            self.sql.queries,
            schema=schema,
            profile_ids=profile_ids,
            request_id=request_id,
            erased_at=erased_at,
        ):
            self.data_api.run(statements, wait_s=QUERY_WAIT_S)

    def _committed(self, load: Load, *, schema: str) -> Mapping[str, TableCount]:
        """The counts that `_loads` has for this load; empty if the load was not committed."""
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
