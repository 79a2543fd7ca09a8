"""Redshift's Data API: submits statements, waits for their end, and reads small answers."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from runtime.core.warehouse.dialects.redshift import PERMISSION, categorize
from runtime.core.warehouse.grants import ADVICE
from runtime.core.warehouse.plan import StatementOutcome, StatementState
from runtime.errors import Permanent, Transient
from runtime.stores.aws import clients as aws

if TYPE_CHECKING:
    from types_boto3_redshift_data.client import RedshiftDataAPIServiceClient

MAX_WAIT_S: Final = 30  # of one long poll, the service's own limit
_STATES: Final = {
    "FINISHED": StatementState.FINISHED,
    "FAILED": StatementState.FAILED,
    "ABORTED": StatementState.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataApi:
    """One database of one workgroup, or of one provisioned cluster.

    Without either `submit`, `run` and `query` raise Permanent, code `redshift_not_configured`.
    """

    client: "RedshiftDataAPIServiceClient"
    workgroup: str  # empty when the installation has none
    database: str
    cluster: str = ""  # the provisioned one, in place of the workgroup; empty for none
    # Begins the names of submitted statements, so that the events of several installations in one
    # account can be told apart; empty where nobody listens to events.
    prefix: str = ""
    seconds: Callable[[], float] = time.monotonic  # a clock that never goes back

    def submit(self, statements: Sequence[str], *, name: str, token: str) -> str:
        """Start one transaction; the same token within 8 hours gives the same statement's id.

        When it ends, Redshift puts an event with its name on the account's default bus.
        """
        with aws.faults("submit a load"):
            answer = self.client.batch_execute_statement(
                **self._where(),
                Sqls=list(statements),
                ClientToken=token,
                StatementName=f"{self.prefix}{name}",
                WithEvent=True,
            )
        return answer["Id"]

    def outcome(self, statement_id: str, *, wait_s: float) -> StatementOutcome:
        """How a statement stands; waits up to `wait_s` seconds for its end."""
        deadline = self.seconds() + wait_s
        while True:
            left_s = max(1, min(MAX_WAIT_S, int(deadline - self.seconds())))
            with aws.faults("describe a statement"):
                outcome = self._describe(statement_id, wait_s=left_s)
            if outcome.state is not StatementState.RUNNING or self.seconds() >= deadline - 1:
                return outcome

    def run(self, statements: Sequence[str], *, wait_s: float) -> None:
        """Run statements that may be repeated, in one transaction, to their end.

        Raises:
            Transient: code `permission`: the database user may not run them. Code
                `warehouse_failed`: they failed or took longer than `wait_s` seconds.
        """
        with aws.faults("run statements"):
            answer = self.client.batch_execute_statement(**self._where(), Sqls=list(statements))
        self._finished(answer["Id"], wait_s=wait_s)

    def query(self, sql: str, *, wait_s: float) -> list[dict[str, Any]]:
        """The rows of one SELECT, by column.

        Raises:
            Transient: as `run`.
        """
        with aws.faults("query"):
            answer = self.client.execute_statement(**self._where(), Sql=sql)
        self._finished(answer["Id"], wait_s=wait_s)
        with aws.faults("read an answer"):
            pages = self.client.get_paginator("get_statement_result").paginate(Id=answer["Id"])
            return [row for page in pages for row in _rows(page)]

    def _where(self) -> dict[str, Any]:
        if not (self.workgroup or self.cluster):
            raise Permanent(
                "this installation names no Redshift: set RedshiftWorkgroup or RedshiftCluster",
                code="redshift_not_configured",
            )
        return where(workgroup=self.workgroup, cluster=self.cluster, database=self.database)

    def _finished(self, statement_id: str, *, wait_s: float) -> None:
        outcome = self.outcome(statement_id, wait_s=wait_s)
        match outcome.state:
            case StatementState.FINISHED:
                return
            case StatementState.RUNNING | StatementState.LOST | StatementState.FAILED:
                raise _failure(outcome)

    def _describe(self, statement_id: str, *, wait_s: int) -> StatementOutcome:
        try:
            answer = self.client.describe_statement(Id=statement_id, WaitTimeSeconds=wait_s)
        except ClientError as problem:
            if aws.error_code(problem) != "ResourceNotFoundException":
                raise
            return StatementOutcome(state=StatementState.LOST, error="unknown statement")
        state = _STATES.get(answer["Status"], StatementState.RUNNING)
        return StatementOutcome(state=state, error=_error(answer))


def where(*, workgroup: str, cluster: str, database: str) -> dict[str, Any]:
    """What says in a call which database is meant; a cluster goes before a workgroup."""
    server = {"ClusterIdentifier": cluster} if cluster else {"WorkgroupName": workgroup}
    return {**server, "Database": database}


def _failure(outcome: StatementOutcome) -> Transient:
    text = f"statement {outcome.state}: {outcome.error}"[:1000]
    if categorize(outcome.error) == PERMISSION:
        return Transient(f"{text}; {ADVICE}", code=PERMISSION)
    return Transient(text, code="warehouse_failed")


def _error(answer: Mapping[str, Any]) -> str:
    errors = (part.get("Error") for part in answer.get("SubStatements", ()))
    return answer.get("Error") or next((error for error in errors if error), "")


def _rows(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = [column["name"] for column in page["ColumnMetadata"]]
    return [
        dict(zip(names, (_value(field) for field in record), strict=True))
        for record in page["Records"]
    ]


def _value(field: Mapping[str, Any]) -> Any:
    return None if field.get("isNull") else next(iter(field.values()))
