"""Runs the statements of loads on a dedicated SQL pool, which reads the files of COPY itself."""

import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytds

from runtime.core.warehouse import staged_files
from runtime.core.warehouse.dialects.synapse import literal
from runtime.core.warehouse.plan import StatementOutcome, StatementState
from runtime.errors import NotFound, Transient
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse import duck
from runtime.stores.warehouse.synapse.connection import words
from runtime.stores.warehouse.synapse.container import Blobs

# `COPY INTO #stage (columns) FROM 'the list'`, as the dialect writes it.
_COPY: Final = re.compile(r"(COPY INTO \S+ \((.*)\) FROM )'s3://[^/']+/([^']+)'")
_PREPARES: Final = ("CREATE TABLE #", "COPY INTO ")
_DEFINES: Final = ("IF ", "ALTER ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """One pool.

    `submit` returns when the transaction has ended, and `outcome` tells how. A
    process that has not submitted a statement itself finds it lost, and asks the pool's ledger.
    """

    connect: Callable[[], Any]  # a connection of the driver, without an open transaction
    bucket: Bucket  # that has the staged files
    blobs: Blobs  # where the pool reads them
    scratch: Path  # the folder for one of them
    _outcomes: dict[str, StatementOutcome] = field(default_factory=dict)

    def submit(self, statements: Sequence[str], *, name: str, token: str) -> str:  # noqa: ARG002 - a port's
        """Fill the stages, then run one transaction to its end; returns its token.

        Stages are made first, because no transaction of a pool may make a table. They belong to the
        connection, and end with it.

        Raises:
            Permanent: code `permission`: the login is refused, or the container does not take the
                files.
            Transient: no transaction has begun.
        """
        prepared = [each for each in statements if each.startswith(_PREPARES)]
        rest = [each for each in statements if not each.startswith(_PREPARES)]
        with closing(self.connect()) as connection:
            self._outcomes[token] = self._outcome(connection, [*prepared, *_transaction(rest)])
        return token

    def outcome(self, statement_id: str, *, wait_s: float) -> StatementOutcome:  # noqa: ARG002 - a port's
        """How a transaction ended that this process has run."""
        lost = StatementOutcome(state=StatementState.LOST, error="another process has run it")
        return self._outcomes.get(statement_id, lost)

    def run(self, statements: Sequence[str], *, wait_s: float) -> None:  # noqa: ARG002 - a port's
        """Run statements that may be repeated to their end, in one transaction if they may be.

        Raises:
            Permanent: code `permission`: the login is refused.
            Transient: code `warehouse_failed`: they failed.
        """
        defines = any(each.startswith(_DEFINES) for each in statements)
        with closing(self.connect()) as connection:
            outcome = self._outcome(connection, statements if defines else _transaction(statements))
        if outcome.state is not StatementState.FINISHED:
            raise Transient(f"statement failed: {outcome.error}"[:1000], code="warehouse_failed")

    def query(self, sql: str, *, wait_s: float) -> list[dict[str, Any]]:  # noqa: ARG002 - a port's
        """The rows of one SELECT, by column.

        Raises:
            Permanent: code `permission`: the login is refused.
            Transient: code `warehouse_failed`: it failed.
        """
        with closing(self.connect()) as connection:
            try:
                return _rows(connection, sql)
            except (pytds.Error, OSError) as problem:
                raise Transient(self._words(problem)[:1000], code="warehouse_failed") from problem

    def _outcome(self, connection: Any, statements: Sequence[str]) -> StatementOutcome:
        """How they end, one after the other. What is not committed ends with the connection."""
        try:
            for statement in statements:
                copy = _COPY.fullmatch(statement)
                if copy is None:
                    _rows(connection, statement)
                else:
                    self._copy(connection, copy)
        except NotFound as problem:
            return StatementOutcome(
                state=StatementState.FAILED, error=f"missing file: {problem.message}"
            )
        except (pytds.Error, OSError) as problem:
            # Without an answer of the server nobody knows whether it has committed.
            answered = isinstance(problem, pytds.DatabaseError) and problem.number
            state = StatementState.FAILED if answered else StatementState.LOST
            return StatementOutcome(state=state, error=self._words(problem))
        return StatementOutcome(state=StatementState.FINISHED)

    def _copy(self, connection: Any, copy: re.Match[str]) -> None:
        """Put the file of a list where the pool reads it, and have it read."""
        before, columns, list_key = copy.groups()
        (staged,) = staged_files.read(self.bucket.get(list_key))
        key = staged.uri.removeprefix(f"s3://{self.bucket.name}/")
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            file = Path(folder) / "staged.parquet"
            self.bucket.fetch(key, to=file)
            if file.stat().st_size != staged.size_bytes:
                raise NotFound(f"{key} has another size than its list says")
            text = _as_text(file, columns.split(", "), scratch=Path(folder))
            url = self.blobs.put(key, text)
        # Written here and kept nowhere, because it names the signature.
        credential = (
            f"IDENTITY = 'Shared Access Signature', SECRET = {_plain(self.blobs.signature)}"
        )
        _rows(
            connection,
            f"{before}{_plain(url)} WITH (FILE_TYPE = 'PARQUET', CREDENTIAL = ({credential}))",
        )

    def _words(self, problem: Exception) -> str:
        """The number and the words of the server; the signature is not among them."""
        return words(problem).replace(self.blobs.signature, "…")


def _transaction(statements: Sequence[str]) -> Sequence[str]:
    return ["BEGIN TRANSACTION", *statements, "COMMIT TRANSACTION"]


def _rows(connection: Any, statement: str) -> list[dict[str, Any]]:
    """Run one statement to its end; the rows that it gives, if it is one that gives any."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def _as_text(file: Path, columns: Sequence[str], *, scratch: Path) -> Path:
    """A Parquet file with the same values, all of them as text, in the order of `columns`."""
    text = scratch / "text.parquet"
    chosen = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in columns)
    with duck.connect(scratch) as connection:
        connection.execute(
            f"COPY (SELECT {chosen} FROM read_parquet('{file}'))"  # noqa: S608 - our own names
            f" TO '{text}' (FORMAT parquet, COMPRESSION snappy)"
        )
    return text


def _plain(value: str) -> str:
    """A literal without the mark for Unicode, which the options of COPY do not take."""
    return literal(value).removeprefix("N")
