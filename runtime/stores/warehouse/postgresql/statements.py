"""Runs the statements of loads on PostgreSQL, which reads no files: COPY is fed by us."""

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.rows import DictRow

from runtime.core.warehouse import staged_files
from runtime.core.warehouse.plan import StatementOutcome, StatementState
from runtime.errors import NotFound, Transient
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse.postgresql.staged import csv_pieces

# `COPY table (columns) FROM 'the list'`, as the dialect writes it. No server of a tenant reads our
# bucket, so the files of the list go through this connection.
_COPY: Final = re.compile(r"COPY (\S+) \(([^)]+)\)\s+FROM 's3://([^/']+)/([^']+)'\s*", re.DOTALL)
LOCK_WAIT_S: Final = 120  # for another load, or for somebody who reads the ledger
STATEMENT_S: Final = 600  # of one statement; the function lives for 900
_SETTINGS: Final = (
    f"SET LOCAL lock_timeout = '{LOCK_WAIT_S}s'",
    f"SET LOCAL statement_timeout = '{STATEMENT_S}s'",
    "SET LOCAL timezone = 'UTC'",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """One database of one server.

    It knows no statements that go on by themselves: `submit` returns when the transaction has
    ended, and `outcome` tells how. A process that has not submitted a statement itself finds it
    lost, and asks the warehouse's own ledger.
    """

    connect: Callable[[], psycopg.Connection[DictRow]]
    bucket: Bucket  # that has the staged files
    scratch: Path  # the folder for a piece of them
    _outcomes: dict[str, StatementOutcome] = field(default_factory=dict)

    def submit(self, statements: Sequence[str], *, name: str, token: str) -> str:  # noqa: ARG002 - a port's
        """Run one transaction to its end; returns its token, by which `outcome` knows it.

        Raises:
            Permanent: code `permission`: the login is refused.
            Transient: code `warehouse_unreachable`: no statement has run.
        """
        with self.connect() as connection:
            self._outcomes[token] = self._transaction(connection, statements)
        return token

    def outcome(self, statement_id: str, *, wait_s: float) -> StatementOutcome:  # noqa: ARG002 - a port's
        """How a transaction ended that this process has run."""
        lost = StatementOutcome(state=StatementState.LOST, error="another process has run it")
        return self._outcomes.get(statement_id, lost)

    def run(self, statements: Sequence[str], *, wait_s: float) -> None:  # noqa: ARG002 - a port's
        """Run statements that may be repeated, in one transaction, to their end.

        Raises:
            Permanent: code `permission`: the login is refused.
            Transient: code `warehouse_failed`: they failed.
        """
        with self.connect() as connection:
            outcome = self._transaction(connection, statements)
        if outcome.state is not StatementState.FINISHED:
            raise Transient(f"statement failed: {outcome.error}"[:1000], code="warehouse_failed")

    def query(self, sql: str, *, wait_s: float) -> list[dict[str, Any]]:  # noqa: ARG002 - a port's
        """The rows of one SELECT, by column.

        Raises:
            Transient: code `warehouse_failed`: it failed.
        """
        with self.connect() as connection:
            try:
                for setting in _SETTINGS:
                    connection.execute(setting)
                return connection.execute(sql.encode()).fetchall()
            except psycopg.Error as problem:
                raise Transient(_words(problem)[:1000], code="warehouse_failed") from problem

    def _transaction(
        self, connection: psycopg.Connection[DictRow], statements: Sequence[str]
    ) -> StatementOutcome:
        try:
            with connection.transaction():
                for statement in (*_SETTINGS, *statements):
                    self._execute(connection, statement)
        except NotFound as problem:
            return StatementOutcome(state=StatementState.FAILED, error=f"58P01 {problem.message}")
        except psycopg.Error as problem:
            # Without an answer of the server nobody knows whether it has committed.
            state = StatementState.LOST if problem.sqlstate is None else StatementState.FAILED
            return StatementOutcome(state=state, error=_words(problem))
        return StatementOutcome(state=StatementState.FINISHED)

    def _execute(self, connection: psycopg.Connection[DictRow], statement: str) -> None:
        copy = _COPY.fullmatch(statement)
        if copy is None:
            connection.execute(statement.encode())
            return
        table, columns, _, key = copy.groups()
        into = f"COPY {table} ({columns}) FROM STDIN (FORMAT csv)"
        names = [name.strip() for name in columns.split(",")]
        with (
            tempfile.TemporaryDirectory(dir=self.scratch) as folder,
            connection.cursor() as cursor,
            cursor.copy(into.encode()) as stream,
        ):
            for file in self._files(key, Path(folder)):
                for piece in csv_pieces(file, names, scratch=Path(folder)):
                    stream.write(piece)
        connection.execute(f"ANALYZE {table}".encode())  # or its plans take it for empty

    def _files(self, list_key: str, folder: Path) -> Sequence[Path]:
        """The files of a list, fetched and of the size that it says."""
        files = []
        for number, staged in enumerate(staged_files.read(self.bucket.get(list_key))):
            file = folder / f"{number}.parquet"
            key = staged.uri.removeprefix(f"s3://{self.bucket.name}/")
            self.bucket.fetch(key, to=file)
            if file.stat().st_size != staged.size_bytes:
                raise NotFound(f"{key} has another size than its list says")
            files.append(file)
        return files


def _words(problem: psycopg.Error) -> str:
    """The server's own words behind their SQLSTATE, which is the same in every language."""
    # Not its detail, which may show a row.
    words = problem.diag.message_primary or str(problem).strip()
    return f"{problem.sqlstate or 'no answer'} {words}"
