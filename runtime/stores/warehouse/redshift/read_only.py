"""Reads the warehouse for a person: one statement in a read-only transaction of a session.

The Data API runs each statement in a transaction of its own that may write. A session is kept
between calls, so in it one can begin a transaction that may not.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from runtime.errors import BadInput, Transient
from runtime.stores.warehouse.answer import Answer, Column
from runtime.stores.warehouse.redshift.data_api import where

if TYPE_CHECKING:
    from types_boto3_redshift_data.client import RedshiftDataAPIServiceClient

KEEP_S: Final = 60  # how long the session outlives the last call; nobody comes back to it later
MAX_POLL_S: Final = 30  # of one long poll, the service's own limit
_ENDED: Final = frozenset({"FINISHED", "FAILED", "ABORTED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOnly:
    """One database of one workgroup, to be read."""

    client: "RedshiftDataAPIServiceClient"
    workgroup: str
    database: str
    cluster: str = ""  # the provisioned one, in place of the workgroup; empty for none
    seconds: Callable[[], float] = time.monotonic  # a clock that never goes back

    def query(self, sql: str, *, schema: str | None, limit: int, wait_s: float) -> Answer:
        """The first rows of one statement.

        Args:
            sql: the statement, of which `runtime.core.warehouse.read_only` thinks that it reads.
            schema: where names without a schema are looked up; None leaves it to the database.
            limit: how many rows to read.
            wait_s: seconds for all of it; a statement that takes longer is cancelled.

        Raises:
            BadInput: code `query_failed`, with the database's message.
            Transient: code `query_timeout`; or `aws_unavailable`: AWS refuses the call, or does not
                answer.
        """
        end_s = self.seconds() + wait_s
        with _faults():
            answer = self.client.execute_statement(
                **where(workgroup=self.workgroup, cluster=self.cluster, database=self.database),
                Sql="BEGIN READ ONLY",
                SessionKeepAliveSeconds=KEEP_S,
            )
            session = answer["SessionId"]
            self._finish(answer["Id"], end_s)
            if schema is not None:
                quoted = schema.replace('"', '""')
                self._run(session, f'SET search_path TO "{quoted}"', end_s)
            statement = self._run(session, sql, end_s)
            rows = self._read(statement["Id"], limit) if statement["HasResultSet"] else _NO_ROWS
            self._run(session, "ROLLBACK", end_s)
        return rows

    def _run(self, session: str, sql: str, end_s: float) -> Mapping[str, Any]:
        statement = self.client.execute_statement(SessionId=session, Sql=sql)
        return self._finish(statement["Id"], end_s)

    def _finish(self, statement_id: str, end_s: float) -> Mapping[str, Any]:
        """The description of a statement that has gone well."""
        while True:
            left_s = end_s - self.seconds()
            poll_s = max(1, min(MAX_POLL_S, int(left_s)))
            statement = self.client.describe_statement(Id=statement_id, WaitTimeSeconds=poll_s)
            if statement["Status"] in _ENDED:
                break
            if self.seconds() >= end_s:
                self.client.cancel_statement(Id=statement_id)
                raise Transient("it took too long, and was cancelled", code="query_timeout")
        if statement["Status"] != "FINISHED":
            message = statement.get("Error") or f"the statement is {statement['Status']}"
            raise BadInput(message.removeprefix("ERROR: "), code="query_failed")
        return statement

    def _read(self, statement_id: str, limit: int) -> Answer:
        rows: list[tuple[Any, ...]] = []
        pages = self.client.get_paginator("get_statement_result").paginate(Id=statement_id)
        columns: tuple[Column, ...] = ()
        total = 0
        for page in pages:
            total = page["TotalNumRows"]
            columns = tuple(
                Column(name=each["name"], type=each["typeName"]) for each in page["ColumnMetadata"]
            )
            rows += [tuple(map(_value, record)) for record in page["Records"]]
            if len(rows) >= limit:
                break
        return Answer(columns=columns, rows=tuple(rows[:limit]), total=total)


@contextmanager
def _faults() -> Iterator[None]:
    """Turn AWS's failures into ours, with AWS's words: a person reads them, and mends the cause."""
    try:
        yield
    except ClientError as problem:
        error = problem.response["Error"]
        text = f"{error.get('Code', '')}: {error.get('Message', '')}"
        raise Transient(f"the Data API refuses: {text}", code="aws_unavailable") from problem
    except BotoCoreError as problem:
        raise Transient(f"the Data API: {problem}", code="aws_unavailable") from problem


_NO_ROWS: Final = Answer(columns=(), rows=(), total=0)


def _value(field: Mapping[str, Any]) -> Any:
    return None if field.get("isNull") else next(iter(field.values()))
