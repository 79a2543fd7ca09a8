"""Statements: submitted once a token, run one by one, remembered for a day."""

import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import duckdb

from infra.local.redshift.copying import Copier
from infra.local.redshift.failures import SqlFailure
from infra.local.redshift.session import PRELUDE, Answer, Session

TOKEN_S: Final = 8 * 3600
KEPT_S: Final = 24 * 3600
MAX_ACTIVE: Final = 500
ENDED: Final = ("FINISHED", "FAILED", "ABORTED")
_LOG: Final = logging.getLogger(__name__)


class Refused(Exception):
    """The API refuses a call; `code` is the exception's name."""

    def __init__(self, code: str, message: str, **extra: str) -> None:
        super().__init__(message)
        self.code = code
        self.body = {"Message": message, **extra}


@dataclass(slots=True)
class Part:
    """One SQL of a statement."""

    sql: str
    status: str = "SUBMITTED"
    answer: Answer | None = None
    error: str | None = None


@dataclass(slots=True)
class Statement:
    """One call of Execute or BatchExecute."""

    id: str
    name: str | None
    parts: list[Part]
    batch: bool
    transaction: bool
    with_event: bool
    created_at: float
    updated_at: float
    request: Mapping[str, Any]
    status: str = "SUBMITTED"
    error: str | None = None


@dataclass(slots=True)
class Faults:
    """What tests may do to the service: hold its worker, forget replies of an operation once."""

    gate: threading.Event = field(default_factory=threading.Event)
    lost_replies: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.gate.set()


class Statements:
    """Everything submitted, and the one worker that runs it."""

    def __init__(
        self,
        database: Path,
        copier: Copier,
        *,
        announce: Callable[[Statement], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self.faults = Faults()
        self._now = now
        self._announce = announce
        self._copier = copier
        self._known: dict[str, Statement] = {}
        self._tokens: dict[str, tuple[float, str]] = {}
        self._changed = threading.Condition()
        self._queue: queue.Queue[Statement | None] = queue.Queue()
        self._running: duckdb.DuckDBPyConnection | None = None
        self._database = duckdb.connect(
            str(database),
            config={
                "autoinstall_known_extensions": "false",
                "TimeZone": "UTC",
            },
        )
        # SQL reads no file but those that COPY has fetched.
        self._database.execute(f"SET allowed_directories = ['{copier.scratch}']")
        self._database.execute("SET enable_external_access = false")
        for sql in PRELUDE:
            self._database.execute(sql)
        self._worker = threading.Thread(target=self._work, name="redshift", daemon=True)
        self._worker.start()

    def close(self) -> None:
        """Finish what runs, refuse the rest, and close the database."""
        self.faults.gate.set()
        self._queue.put(None)
        self._worker.join()
        self._database.close()

    def submit(self, request: Mapping[str, Any], sqls: Sequence[str], *, batch: bool) -> Statement:
        """A new statement, or the one that this token has submitted within 8 hours."""
        with self._changed:
            token = request.get("ClientToken")
            made, known = self._tokens.get(token or "", (0.0, ""))
            if known and self._now() - made < TOKEN_S:
                return self._known[known]
            if sum(one.status not in ENDED for one in self._known.values()) >= MAX_ACTIVE:
                raise Refused("ActiveStatementsExceededException", "Active statements exceeded")
            statement = Statement(
                id=str(uuid.uuid4()),
                name=request.get("StatementName"),
                parts=[Part(sql) for sql in sqls],
                batch=batch,
                transaction=batch and request.get("ExecutionMode") != "AUTO_COMMIT",
                with_event=bool(request.get("WithEvent")),
                created_at=self._now(),
                updated_at=self._now(),
                request=request,
            )
            self._known[statement.id] = statement
            if token:
                self._tokens[token] = (self._now(), statement.id)
        self._queue.put(statement)
        return statement

    def find(self, statement_id: str, *, wait_s: float = 0) -> tuple[Statement, Part | None]:
        """A statement, or the part that `id:n` names; waits for its end up to `wait_s`."""
        plain, _, number = statement_id.partition(":")
        with self._changed:
            statement = self._known.get(plain)
            if statement is None or self._now() - statement.created_at > KEPT_S:
                raise Refused(
                    "ResourceNotFoundException", "Query does not exist.", ResourceId=statement_id
                )
            self._changed.wait_for(lambda: statement.status in ENDED, timeout=wait_s)
        if not number:
            return statement, None
        return statement, statement.parts[int(number) - 1]

    def all(self) -> list[Statement]:
        """Newest first."""
        with self._changed:
            return sorted(self._known.values(), key=lambda one: one.created_at, reverse=True)

    def cancel(self, statement_id: str) -> None:
        """Abort a statement that has not ended."""
        statement, _ = self.find(statement_id)
        with self._changed:
            if statement.status in ENDED:
                raise Refused(
                    "ValidationException",
                    f"Could not cancel a query that is already in {statement.status} state",
                )
            started = statement.status == "STARTED"
            self._move(statement, "ABORTED")
            if started and self._running is not None:
                self._running.interrupt()

    def _work(self) -> None:
        while (statement := self._queue.get()) is not None:
            self.faults.gate.wait()
            with self._changed:
                if statement.status != "SUBMITTED":
                    continue
                self._move(statement, "STARTED")
                self._running = self._database.cursor()
                session = Session(self._running, self._copier, statement.transaction)
            try:
                self._execute(statement, session)
            except Exception as problem:  # noqa: BLE001 - the worker must outlive any statement
                _LOG.exception("statement %s", statement.id)
                self._end(statement, "FAILED", error=f"ERROR: internal error: {problem}")
            finally:
                session.close()

    def _execute(self, statement: Statement, session: Session) -> None:
        session.begin()
        for number, part in enumerate(statement.parts, start=1):
            try:
                part.answer = session.run(part.sql)
            except SqlFailure as problem:
                session.rollback()
                part.status, part.error = "FAILED", str(problem)
                for rest in statement.parts[number:]:
                    rest.status = "ABORTED"
                where = f"Query #{number} failed with " if statement.batch else ""
                self._end(statement, "FAILED", error=where + str(problem))
                return
            part.status = "FINISHED"
        session.commit()
        self._end(statement, "FINISHED")

    def _end(self, statement: Statement, status: str, *, error: str | None = None) -> None:
        with self._changed:
            if statement.status != "ABORTED":
                statement.error = error
                self._move(statement, status)
        if statement.with_event:
            self._announce(statement)

    def _move(self, statement: Statement, status: str) -> None:
        statement.status = status
        statement.updated_at = self._now()
        self._changed.notify_all()
