"""The operations of the Data API: checks their requests and writes their answers.

https://docs.aws.amazon.com/redshift-data/latest/APIReference/Welcome.html
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from infra.local.redshift import model
from infra.local.redshift.session import field
from infra.local.redshift.statements import ENDED, Part, Refused, Statement, Statements

MAX_SQL_BYTES: Final = 100_000
MAX_LISTED: Final = 100  # statements a page, where the caller gives no number
PAGE_ROWS: Final = 1_000
_PARAMETER: Final = re.compile(r"'(?:[^']|'')*'|(?<!:):(\w+)")

Request = Mapping[str, Any]


class Api:
    """Carries out calls by the name of their operation."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self._operations = {
            "ExecuteStatement": self.execute,
            "BatchExecuteStatement": self.batch_execute,
            "DescribeStatement": self.describe,
            "GetStatementResult": self.result,
            "ListStatements": self.list_statements,
            "CancelStatement": self.cancel,
        }

    def call(self, operation: str, request: Request, *, user: str) -> Mapping[str, Any]:
        """Carry out one call in the name of a user of the database, and give its answer.

        Raises:
            Refused: the real service would refuse the call.
        """
        if operation not in self._operations:
            raise Refused("UnknownOperationException", f"{operation} is not served here")
        model.check(operation, request)
        return self._operations[operation](request, user)

    def execute(self, request: Request, user: str) -> Mapping[str, Any]:
        """Submit one SQL statement."""
        return self._submit(request, [request["Sql"]], batch=False, user=user)

    def batch_execute(self, request: Request, user: str) -> Mapping[str, Any]:
        """Submit up to 40 SQL statements as one transaction."""
        return self._submit(request, request["Sqls"], batch=True, user=user)

    def describe(self, request: Request, user: str) -> Mapping[str, Any]:
        """The state of a statement, after a wait for its end of at most `WaitTimeSeconds`."""
        wait_s = _wait(request)
        statement, part = self._statements.find(request["Id"], user=user, wait_s=wait_s)
        return _description(statement) if part is None else _part(request["Id"], part, statement)

    def result(self, request: Request, user: str) -> Mapping[str, Any]:
        """The rows of a SELECT. In a batch it has to be named by the id of the part."""
        statement, part = self._statements.find(request["Id"], user=user, wait_s=_wait(request))
        if part is None and not statement.batch:
            part = statement.parts[0]
        if part is None or part.answer is None or part.answer.columns is None:
            raise Refused(
                "ResourceNotFoundException",
                "Query does not have result. Please check query status with DescribeStatement.",
                ResourceId=request["Id"],
            )
        start = _start(request, len(part.answer.records))
        rows = part.answer.records[start : start + PAGE_ROWS]
        has_more = start + PAGE_ROWS < len(part.answer.records)
        return {
            "Records": [[field(value) for value in row] for row in rows],
            "ColumnMetadata": [_column(name, kind) for name, kind in part.answer.columns],
            "TotalNumRows": len(part.answer.records),
            **({"NextToken": str(start + PAGE_ROWS)} if has_more else {}),
        }

    def list_statements(self, request: Request, user: str) -> Mapping[str, Any]:
        """The user's statements whose names begin with a text, in one status, newest first."""
        name, status = request.get("StatementName", ""), request.get("Status", "ALL")
        statements = [
            statement
            for statement in self._statements.all(user=user)
            if (statement.name or "").startswith(name) and status in ("ALL", statement.status)
        ]
        start, size = _start(request, len(statements)), request.get("MaxResults") or MAX_LISTED
        has_more = start + size < len(statements)
        return {
            "Statements": [
                _list_entry(statement) for statement in statements[start : start + size]
            ],
            **({"NextToken": str(start + size)} if has_more else {}),
        }

    def cancel(self, request: Request, user: str) -> Mapping[str, Any]:
        """Abort a statement."""
        self._statements.cancel(request["Id"], user=user)
        return {"Status": True}

    def _submit(
        self, request: Request, sqls: list[str], *, batch: bool, user: str
    ) -> Mapping[str, Any]:
        _check(request, sqls)
        statements_to_run = _bind(sqls, request.get("Parameters") or [])
        statement = self._statements.submit(request, statements_to_run, batch=batch, user=user)
        self._statements.find(statement.id, user=user, wait_s=_wait(request))
        return {
            "Id": statement.id,
            "CreatedAt": statement.created_at,
            "Database": request.get("Database", ""),
            "WorkgroupName": request.get("WorkgroupName", ""),
            "Status": statement.status,
            **({"SessionId": statement.session_id} if statement.session_id else {}),
        }


def _check(request: Request, sqls: list[str]) -> None:
    if not request.get("SessionId"):  # a session has them already
        if bool(request.get("WorkgroupName")) == bool(request.get("ClusterIdentifier")):
            raise _invalid("Give either WorkgroupName or ClusterIdentifier")
        if not request.get("Database"):
            raise _invalid("Database is required")
    if any(len(sql.encode()) > MAX_SQL_BYTES for sql in sqls):
        raise _invalid(f"A statement has at most {MAX_SQL_BYTES} bytes")


def _bind(sqls: list[str], parameters: list[Mapping[str, str]]) -> list[str]:
    """The statements with a literal in place of each named parameter.

    Raises:
        Refused: a parameter is not used, or one in a statement has no value.
    """
    values = {parameter["name"]: parameter["value"] for parameter in parameters}
    if not values:
        return sqls
    used_names: set[str] = set()

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0]
        if name not in values:
            raise _invalid(f"Parameter {name} has no value")
        used_names.add(name)
        return "'" + values[name].replace("'", "''") + "'"

    filled_sqls = [_PARAMETER.sub(fill, sql) for sql in sqls]
    if used_names != set(values):
        raise _invalid(f"Parameters are not used: {sorted(set(values) - used_names)}")
    return filled_sqls


def _wait(request: Request) -> int:
    return int(request.get("WaitTimeSeconds") or 0)


def _start(request: Request, total: int) -> int:
    """The number of the first entry of a page.

    Raises:
        Refused: no page has this token.
    """
    token = request.get("NextToken")
    if token is None:
        return 0
    if not re.fullmatch("[1-9][0-9]{0,8}", token) or int(token) >= total:
        raise _invalid("NextToken is not that of a page")
    return int(token)


def _invalid(message: str) -> Refused:
    return Refused("ValidationException", message)


def _description(statement: Statement) -> Mapping[str, Any]:
    answer = {
        **_times(statement),
        "Id": statement.id,
        "Status": statement.status,
        "Database": statement.request.get("Database", ""),
        "WorkgroupName": statement.request.get("WorkgroupName", ""),
        **({"Error": statement.error} if statement.error else {}),
    }
    if statement.batch:
        parts = enumerate(statement.parts, start=1)
        subs = [_part(f"{statement.id}:{n}", part, statement) for n, part in parts]
        return {
            **answer,
            "SubStatements": subs,
            "HasResultSet": any(map(_has_rows, statement.parts)),
        }
    return {**answer, **_outcome(statement.parts[0])}


def _part(part_id: str, part: Part, statement: Statement) -> Mapping[str, Any]:
    return {
        **_times(statement),
        "Id": part_id,
        "Status": part.status,
        **({"Error": part.error} if part.error else {}),
        **_outcome(part),
    }


def _outcome(part: Part) -> Mapping[str, Any]:
    rows = -1 if part.answer is None else part.answer.affected
    return {"QueryString": part.sql, "HasResultSet": _has_rows(part), "ResultRows": rows}


def _has_rows(part: Part) -> bool:
    return part.answer is not None and part.answer.columns is not None


def _times(statement: Statement) -> Mapping[str, Any]:
    has_ended = statement.status in ENDED
    spent_s = statement.updated_at - statement.created_at if has_ended else 0
    return {
        "CreatedAt": statement.created_at,
        "UpdatedAt": statement.updated_at,
        "Duration": int(spent_s * 1e9),
    }


def _list_entry(statement: Statement) -> Mapping[str, Any]:
    text = {"QueryStrings": [part.sql for part in statement.parts]}
    return {
        "Id": statement.id,
        "Status": statement.status,
        "StatementName": statement.name or "",
        "IsBatchStatement": statement.batch,
        "CreatedAt": statement.created_at,
        "UpdatedAt": statement.updated_at,
        **(text if statement.batch else {"QueryString": statement.parts[0].sql}),
    }


def _column(name: str, kind: str) -> Mapping[str, Any]:
    return {"name": name, "label": name, "typeName": kind, "nullable": 1}
