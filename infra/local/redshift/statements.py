"""Runs statements one after another, and remembers them for a day.

Two calls with the same token submit one statement.
"""

import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from infra.local.redshift.access import Access
from infra.local.redshift.copying import Copier
from infra.local.redshift.failures import SqlFailure
from infra.local.redshift.faults import DIED, Death, Faults
from infra.local.redshift.session import PRELUDE, Answer, Session
from infra.local.redshift.users import ADMIN, Users

TOKEN_S: Final = 8 * 3600  # how long a client token stands for its statement
RESULT_S: Final = 24 * 3600  # how long a statement and its result can be asked for
MAX_ACTIVE: Final = 500  # statements that have not ended
ENDED: Final = ("FINISHED", "FAILED", "ABORTED")
_LOG: Final = logging.getLogger(__name__)


class Refused(Exception):
    """The API refuses a call.

    Args:
        code: the name of AWS's exception.
        message: AWS's message.
        extra: further members of the exception.
    """

    def __init__(self, code: str, message: str, **extra: str) -> None:
        super().__init__(message)
        self.code = code
        self.body = {"Message": message, **extra}


@dataclass(slots=True)
class Part:
    """One SQL statement of a call."""

    sql: str
    status: str = "SUBMITTED"
    answer: Answer | None = None
    error: str | None = None


@dataclass(slots=True)
class Statement:
    """One call of ExecuteStatement or BatchExecuteStatement."""

    id: str
    name: str | None  # the caller's name for it; None if there is none
    parts: list[Part]
    batch: bool  # whether it is a BatchExecuteStatement
    transaction: bool  # whether its parts are one transaction
    with_event: bool  # whether its end is announced on the bus
    created_at: float  # seconds since the epoch
    updated_at: float  # seconds since the epoch
    request: Mapping[str, Any]
    user: str  # of the database, in whose name it runs
    status: str = "SUBMITTED"
    error: str | None = None  # Redshift's message; None unless it failed
    session_id: str | None = None  # of the session that it runs in; None for one of its own
    keep_s: float = 0.0  # how long that session is kept after the statement; 0 closes it

    @property
    def parts_by_number(self) -> Mapping[str, Part]:
        """The parts of a batch by the number that follows the colon in their ids, from 1."""
        if not self.batch:
            return {}
        return {str(number): part for number, part in enumerate(self.parts, start=1)}


@dataclass(slots=True)
class Kept:
    """A session that is kept open for the next statement of its client."""

    session: Session
    expires_at: float  # seconds since the epoch


class Statements:
    """All statements, and the thread that runs them."""

    def __init__(
        self,
        database: Path,
        copier: Copier,
        *,
        faults: Faults,
        announce: Callable[[Statement], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self.faults = faults
        self._now = now
        self._announce = announce
        self._copier = copier
        self._statements: dict[str, Statement] = {}
        self._tokens: dict[str, tuple[float, str]] = {}
        self._change = threading.Condition()
        self._sessions: dict[str, Kept] = {}  # by their ids; only the worker closes one
        self._queue: queue.Queue[Statement | None] = queue.Queue()
        self._running: duckdb.DuckDBPyConnection | None = None
        self._database = duckdb.connect(
            str(database),
            config={
                "autoinstall_known_extensions": "false",
                "TimeZone": "UTC",
            },
        )
        # SQL may read no files but those that COPY has fetched.
        self._database.execute(f"SET allowed_directories = ['{copier.scratch}']")
        self._database.execute("SET enable_external_access = false")
        for sql in PRELUDE:
            self._database.execute(sql)
        Users(self._database).prepare()
        self._worker = threading.Thread(target=self._work, name="redshift", daemon=True)
        self._worker.start()

    def close(self) -> None:
        """Let all statements finish, and close the database."""
        self.faults.gate.set()
        self._queue.put(None)
        self._worker.join()
        for kept in self._sessions.values():
            kept.session.close()
        self._database.close()

    def submit(
        self, request: Mapping[str, Any], sqls: Sequence[str], *, batch: bool, user: str
    ) -> Statement:
        """Submit a statement; or give the one that the same token submitted in the last 8 hours.

        Args:
            request: of the call.
            sqls: its statements.
            batch: whether it is a BatchExecuteStatement.
            user: of the database, in whose name they run.

        Raises:
            Refused: too many statements have not ended, or the session is not kept any more.
        """
        keep_s = request.get("SessionKeepAliveSeconds") or 0
        with self._change:
            session_id = request.get("SessionId")
            if session_id and session_id not in self._sessions:
                raise Refused("ValidationException", "Session is not available.")
            token = request.get("ClientToken")
            submitted_at, earlier_id = self._tokens.get(token or "", (0.0, ""))
            if earlier_id and self._now() - submitted_at < TOKEN_S:
                return self._statements[earlier_id]
            if sum(each.status not in ENDED for each in self._statements.values()) >= MAX_ACTIVE:
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
                user=user,
                session_id=session_id or (str(uuid.uuid4()) if keep_s else None),
                keep_s=keep_s,
            )
            self._statements[statement.id] = statement
            if token:
                self._tokens[token] = (self._now(), statement.id)
        self._queue.put(statement)
        return statement

    def find(
        self, statement_id: str, *, user: str, wait_s: float = 0
    ) -> tuple[Statement, Part | None]:
        """A statement and None, or a statement and the part of it that `id:number` names.

        Args:
            statement_id: the id of a statement, or of one of its parts.
            user: who asks; `ADMIN` may ask for those of others.
            wait_s: how long to wait for the statement's end.

        Raises:
            Refused: there is none, it is older than a day, it is another user's, or it has no such
                part.
        """
        main_id, colon, number = statement_id.partition(":")
        with self._change:
            statement = self._statements.get(main_id)
            if statement is None or self._now() - statement.created_at > RESULT_S:
                raise _missing(statement_id)
            if user not in (statement.user, ADMIN):
                raise Refused("AccessDeniedException", "the statement is another identity's")
            part = statement.parts_by_number.get(number)
            if colon and part is None:
                raise _missing(statement_id)
            self._change.wait_for(lambda: statement.status in ENDED, timeout=wait_s)
        return statement, part

    def all(self, *, user: str) -> list[Statement]:
        """Every statement of a user, newest first; for `ADMIN` those of all."""
        with self._change:
            seen = [each for each in self._statements.values() if user in (each.user, ADMIN)]
            return sorted(seen, key=lambda statement: statement.created_at, reverse=True)

    def cancel(self, statement_id: str, *, user: str) -> None:
        """Abort a statement.

        Raises:
            Refused: there is none, it is another user's, or it has ended.
        """
        statement, _ = self.find(statement_id, user=user)
        with self._change:
            if statement.status in ENDED:
                raise Refused(
                    "ValidationException",
                    f"Could not cancel a query that is already in {statement.status} state",
                )
            is_running = statement.status == "STARTED"
            self._move(statement, "ABORTED")
            if is_running and self._running is not None:
                self._running.interrupt()

    def _work(self) -> None:
        while (statement := self._queue.get()) is not None:
            self.faults.gate.wait()
            with self._change:
                if statement.status != "SUBMITTED":
                    continue
                self._move(statement, "STARTED")
                session = self._session(statement)
                self._running = session.connection
            try:
                self._execute(statement, session)
            except Exception as problem:  # noqa: BLE001 - the worker must outlive any statement
                _LOG.exception("statement %s", statement.id)
                self._end(statement, "FAILED", error=f"ERROR: internal error: {problem}")
            finally:
                self._leave(statement, session)

    def _session(self, statement: Statement) -> Session:
        """The session that was kept for the statement, or a new one."""
        for session_id, kept in list(self._sessions.items()):
            if kept.expires_at < self._now() and session_id != statement.session_id:
                self._sessions.pop(session_id).session.close()
        if statement.session_id in self._sessions:
            return self._sessions[statement.session_id].session
        connection = self._database.cursor()
        is_kept = statement.session_id is not None
        access = Access(Users(connection), statement.user)
        access.enter()
        session = Session(connection, self._copier, access, statement.transaction, is_kept)
        if statement.session_id is not None:
            self._sessions[statement.session_id] = Kept(session, self._now() + statement.keep_s)
        return session

    def _leave(self, statement: Statement, session: Session) -> None:
        if statement.session_id is None:
            session.close()
            return
        with self._change:
            kept = self._sessions[statement.session_id]
            kept.expires_at = max(kept.expires_at, self._now() + statement.keep_s)

    def _execute(self, statement: Statement, session: Session) -> None:
        session.begin()
        for number, part in enumerate(statement.parts, start=1):
            try:
                part.answer = session.run(part.sql)
            except SqlFailure as problem:
                session.rollback()
                part.status, part.error = "FAILED", str(problem)
                for later_part in statement.parts[number:]:
                    later_part.status = "ABORTED"
                where = f"Query #{number} failed with " if statement.batch else ""
                self._end(statement, "FAILED", error=where + str(problem))
                return
            part.status = "FINISHED"
        death = self._next_death(statement)
        if death is Death.BEFORE_COMMIT:
            session.rollback()
        else:
            session.commit()
        if death is None:
            self._end(statement, "FINISHED")
        else:
            self._end(statement, "FAILED", error=DIED)

    def _next_death(self, statement: Statement) -> Death | None:
        deaths = self.faults.deaths
        return deaths.pop(0) if statement.transaction and deaths else None

    def _end(self, statement: Statement, status: str, *, error: str | None = None) -> None:
        with self._change:
            if statement.status != "ABORTED":
                statement.error = error
                self._move(statement, status)
        if statement.with_event:
            self._announce(statement)

    def _move(self, statement: Statement, status: str) -> None:
        statement.status = status
        statement.updated_at = self._now()
        self._change.notify_all()


def _missing(statement_id: str) -> Refused:
    return Refused("ResourceNotFoundException", "Query does not exist.", ResourceId=statement_id)
