"""Load rows into a warehouse by SQL, in one transaction of our own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Protocol

from runtime.core.warehouse import plan, sql, tables
from runtime.core.warehouse.dialect import Dialect, StagedTable, Transaction
from runtime.core.warehouse.plan import (
    Load,
    Rendered,
    Settled,
    Staging,
    StatementOutcome,
    StatementState,
    TableCount,
)
from runtime.core.warehouse.sync import Sync
from runtime.errors import Transient

# If a statement takes longer, it goes on, and the next run looks for its end. Waiting costs by the
# second, and so does the next run, which makes the load's files again.
STATEMENT_WAIT_S: Final = 20.0
QUERY_WAIT_S: Final = 60.0
MAX_ERROR_CHARS: Final = 2_000


def versions() -> str:
    """The version of the tables and that of the transform: they are part of each load's id."""
    return f"{tables.SCHEMA_VERSION}.{plan.TRANSFORM_VERSION}"


class Schemas(Protocol):
    """Stores which tenant owns a schema, and which tables and columns it has."""

    def claim_schema(self, schema: str, *, tenant: str) -> int:
        """Make a schema the tenant's own; returns the version of its tables, 0 for none.

        Raises:
            Conflict: code `schema_taken`: it is another tenant's.
        """

    def set_schema_version(self, schema: str, *, version: int) -> None:
        """Record the version of a schema's tables."""

    def promoted_columns(self, schema: str) -> frozenset[str]:
        """The promoted columns that the schema's tables have, as `table.column`."""

    def set_promoted_columns(self, schema: str, columns: frozenset[str], /) -> None:
        """Record which promoted columns the schema's tables have."""


class Statements(Protocol):
    """Runs SQL in one database of a warehouse."""

    def submit(self, statements: Sequence[str], *, name: str, token: str) -> str:
        """Start one transaction, once for each token; returns the statement's id."""

    def outcome(self, statement_id: str, *, wait_s: float) -> StatementOutcome:
        """How a statement stands; waits up to `wait_s` seconds for its end."""

    def run(self, statements: Sequence[str], *, wait_s: float) -> None:
        """Run statements that do no harm when they are repeated, in one transaction.

        Raises:
            Transient: code `warehouse_failed`; the message is the warehouse's own.
        """

    def query(self, sql: str, *, wait_s: float) -> list[dict[str, Any]]:
        """The rows of one SELECT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSql:
    """A warehouse that is loaded by SQL, behind the port `Warehouse` of `load_staged`."""

    statements: Statements
    schemas: Schemas
    dialect: Dialect
    uri: Callable[[str], str]  # how the warehouse names the object of a key
    # What lets the warehouse read staged files: a role's ARN; empty where it needs none.
    copy_role: str = ""
    statement_wait_s: float = STATEMENT_WAIT_S

    @property
    def staging(self) -> Staging:
        """What the warehouse requires of its files."""
        return self.dialect.staging

    @property
    def versions(self) -> str:
        """The version of the tables and that of the transform."""
        return versions()

    def schema(self, sync: Sync) -> str:
        """The schema of the sync's tables.

        Raises:
            BadInput: code `bad_schema`.
        """
        return sql.schema_name(sync)

    def submit(self, load: Load, rendered: Rendered, *, schema: str) -> str:
        """Start the load's transaction; returns the statement's id.

        Raises:
            Conflict: code `schema_taken`: the schema is another tenant's.
            PenstockError: the warehouse did not accept the transaction.
        """
        self._bring_schema(schema, tenant=load.tenant)
        self._bring_columns(schema, load)
        statements = sql.load_statements(
            self.dialect, self._transaction(load, schema), self._staged(load, rendered)
        )
        return self.statements.submit(statements, name=load.name, token=load.token)

    def is_running(self, load: Load) -> bool:
        """Whether the statement of a submitted load does not end within the time of waiting."""
        outcome = self.statements.outcome(load.statement_id or "", wait_s=self.statement_wait_s)
        return outcome.state is StatementState.RUNNING

    def settle(self, load: Load, *, schema: str) -> Settled | None:
        """How the load ended; None while its statement runs.

        The table `_loads` decides, because the load's own transaction writes it.
        """
        outcome = self.statements.outcome(load.statement_id or "", wait_s=self.statement_wait_s)
        if outcome.state is StatementState.RUNNING:
            return None
        if outcome.state is not StatementState.FINISHED:
            # Somebody may have dropped the schema, which the next statement needs: make it again.
            self.schemas.set_schema_version(schema, version=0)
            if self.dialect.categorize(outcome.error) == "missing_table":
                self.schemas.set_promoted_columns(schema, frozenset())
            self._bring_schema(schema, tenant=load.tenant)
        counts = self._committed(load, schema=schema)
        return Settled(tables=counts) if counts else self._failed(outcome)

    def refusal(self, load: Load, table: str, manifest_key: str, *, schema: str) -> str:
        """Why the warehouse does not take the rows of this manifest; empty if it takes them.

        The rows are loaded into tables that end with the transaction, and nowhere else.

        Raises:
            Transient: the warehouse did not say.
        """
        staged = StagedTable(
            table=tables.BY_NAME[table],
            columns=load.selection.columns_of(tables.BY_NAME[table]),
            uri=self.uri(manifest_key),
        )
        statements = sql.probe_statements(self.dialect, self._transaction(load, schema), staged)
        statement_id = self.statements.submit(
            statements, name=f"{load.load_id} probe", token=plan.probe_token(load, manifest_key)
        )
        outcome = self.statements.outcome(statement_id, wait_s=QUERY_WAIT_S)
        match outcome.state:
            case StatementState.FINISHED:
                return ""
            case StatementState.FAILED if self.dialect.categorize(outcome.error) == "data":
                return outcome.error[:MAX_ERROR_CHARS]
            case _:
                raise Transient(
                    f"statement {outcome.state}: {outcome.error}"[:MAX_ERROR_CHARS],
                    code="warehouse_failed",
                )

    def erase(
        self, sync: Sync, profile_ids: Sequence[str], *, request_id: str, erased_at: str
    ) -> Mapping[str, int]:
        """Delete the rows of these profiles from a sync's schema, and keep them out for ever.

        Returns how many rows the job has removed from each table, in this call and in those of
        before, as the warehouse's own table says.

        Args:
            sync: which has the schema; it need not have loaded anything yet.
            profile_ids: the ids by which rows name the person.
            request_id: of the job that asks.
            erased_at: ISO 8601.

        Raises:
            Transient: the warehouse did not do it all; erase the same again.
        """
        schema = self.schema(sync)
        self._bring_schema(schema, tenant=sync.tenant)
        for statements in sql.erasure_statements(
            self.dialect,
            schema=schema,
            profile_ids=profile_ids,
            request_id=request_id,
            erased_at=erased_at,
        ):
            self.statements.run(statements, wait_s=QUERY_WAIT_S)
        question = sql.count_removed(self.dialect, schema=schema, request_id=request_id)
        (removed,) = self.statements.query(question, wait_s=QUERY_WAIT_S)
        return {table.name: removed[table.name] for table in tables.OF_PEOPLE}

    def _staged(self, load: Load, rendered: Rendered) -> Sequence[StagedTable]:
        return [
            StagedTable(
                table=tables.BY_NAME[file.table],
                columns=load.selection.columns_of(tables.BY_NAME[file.table]),
                uri=self.uri(plan.manifest_key(load, file.table)),
                rows=file.rows,
                discarded=rendered.discarded.get(file.table, 0),
                received=rendered.received[file.table],
            )
            for file in rendered.stage
        ]

    def _transaction(self, load: Load, schema: str) -> Transaction:
        return Transaction(
            schema=schema,
            load_id=load.load_id,
            versions=load.versions,
            copy_role=self.copy_role,
        )

    def _committed(self, load: Load, *, schema: str) -> Mapping[str, TableCount]:
        """The counts that `_loads` has for this load; empty if the load was not committed."""
        question = sql.find_load(self.dialect, schema=schema, load_id=load.load_id)
        return {
            row["table_name"]: TableCount(rows_in=row["rows_in"], rows_new=row["rows_new"])
            for row in self.statements.query(question, wait_s=QUERY_WAIT_S)
        }

    def _failed(self, outcome: StatementOutcome) -> Settled:
        error = (outcome.error or outcome.state.value)[:MAX_ERROR_CHARS]
        lost = outcome.state is StatementState.LOST
        return Settled(error=error, code="lost" if lost else self.dialect.categorize(error))

    def _bring_schema(self, schema: str, *, tenant: str) -> None:
        """Make the schema's tables those of this version of our code."""
        version = self.schemas.claim_schema(schema, tenant=tenant)
        if version >= tables.SCHEMA_VERSION:
            return
        self._in_calls(sql.create_statements(self.dialect, schema=schema))
        if version:
            for statement in sql.upgrade_statements(self.dialect, schema=schema, version=version):
                self._add(statement)
        self._in_calls([sql.view_statement(self.dialect, schema=schema)])
        self._in_calls([sql.registration(self.dialect, sql.published(), schema=schema)])
        self.schemas.set_schema_version(schema, version=tables.SCHEMA_VERSION)

    def _bring_columns(self, schema: str, load: Load) -> None:
        """Add the promoted columns that the schema's tables do not have yet."""
        if not load.selection.columns:
            return
        present = self.schemas.promoted_columns(schema)
        missing = [each for each in load.selection.columns if each.place not in present]
        for each in missing:
            self._add(sql.add_column(self.dialect, each.table, each.column, schema=schema))
        if missing:
            registered = sql.registration(self.dialect, sql.promoted(missing), schema=schema)
            self._in_calls([registered])
            added = frozenset(each.place for each in missing)
            self.schemas.set_promoted_columns(schema, present | added)

    def _in_calls(self, statements: Sequence[str]) -> None:
        """Run statements in as few transactions as the warehouse allows."""
        rest = iter(statements)
        while batch := list(islice(rest, self.dialect.max_statements)):
            self.statements.run(batch, wait_s=QUERY_WAIT_S)

    def _add(self, statement: str) -> None:
        """Add a column in a transaction of its own, unless a killed run has added it."""
        try:
            self.statements.run([statement], wait_s=QUERY_WAIT_S)
        except Transient as problem:
            if self.dialect.categorize(problem.message) != "column_exists":
                raise
