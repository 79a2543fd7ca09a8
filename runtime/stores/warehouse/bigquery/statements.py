"""Runs the statements of loads on BigQuery: files by load jobs, the rest as one script."""

import re
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from runtime.core.warehouse import staged_files
from runtime.core.warehouse.plan import StatementOutcome, StatementState
from runtime.errors import Transient
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse.bigquery.jobs import Jobs
from runtime.stores.warehouse.waiting import Waiting

LOAD_WAIT_S: Final = 600.0  # of one load job; the function lives for 900
# `LOAD DATA INTO dataset.stage (columns) FROM FILES (… uris = ['the list'])`, as the dialect writes
# it for files that BigQuery does not read by itself.
_LOAD: Final = re.compile(
    r"LOAD DATA INTO (\w+)\.(\w+) \((.*)\) FROM FILES \(.*'s3://[^/]+/(.*)'.*"
)
_NO_NAME: Final = re.compile(r"\W")  # what the name of a table does not have
_DEFINES: Final = ("CREATE SCHEMA", "CREATE TABLE", "CREATE OR REPLACE", "ALTER ")


class _Upload(NamedTuple):
    """The rows of one stage."""

    dataset: str
    stage: str
    columns: Sequence[str]  # each with its type
    list_key: str  # of the list of the files


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """The datasets of one project."""

    jobs: Jobs
    bucket: Bucket  # that has the staged files
    scratch: Path  # the folder for one of them
    waiting: Waiting = field(default_factory=Waiting)

    def submit(self, statements: Sequence[str], *, name: str, token: str) -> str:
        """Load the files into tables of their own, then start the transaction of the rest.

        A token makes each of its jobs once, however often it is submitted. Returns the id of the
        transaction's job, or that of the load job that failed. The tables of the files are dropped
        behind the transaction; if it fails, the next attempt of the same name fills them anew.
        """
        script, dropped = [], []
        for number, statement in enumerate(statements):
            upload = _upload(statement)
            if upload is None:
                script.append(statement)
                continue
            job_id = f"{token}-{number}"
            table = f"_stage_{_NO_NAME.sub('_', name)}_{number}"
            self._load(job_id, upload, table=table)
            if self.outcome(job_id, wait_s=LOAD_WAIT_S).state is not StatementState.FINISHED:
                return job_id
            script.append(_copied(upload, table))
            dropped.append(f"DROP TABLE IF EXISTS {upload.dataset}.{table}")
        self.jobs.query(token, _transaction(script) + _script(dropped))
        return token

    def outcome(self, statement_id: str, *, wait_s: float) -> StatementOutcome:
        """How a job stands; waits up to `wait_s` seconds for its end."""
        return self.waiting.for_end(lambda: self._outcome(statement_id), wait_s=wait_s)

    def run(self, statements: Sequence[str], *, wait_s: float) -> None:
        """Run statements that may be repeated to their end, in one transaction if they may be.

        Raises:
            Transient: code `warehouse_failed`: they failed or took longer than `wait_s` seconds.
        """
        job_id = f"penstock-{uuid.uuid4().hex}"
        # No transaction of BigQuery makes or changes tables.
        defines = any(statement.startswith(_DEFINES) for statement in statements)
        self.jobs.query(job_id, _script(statements) if defines else _transaction(statements))
        outcome = self.outcome(job_id, wait_s=wait_s)
        if outcome.state is not StatementState.FINISHED:
            raise Transient(
                f"statement {outcome.state}: {outcome.error}"[:1000], code="warehouse_failed"
            )

    def query(self, sql: str, *, wait_s: float) -> list[dict[str, Any]]:  # noqa: ARG002 - a port's
        """The rows of one SELECT, by column.

        Raises:
            Transient: code `warehouse_failed`: it failed.
        """
        return self.jobs.ask(sql)

    def _load(self, job_id: str, upload: _Upload, *, table: str) -> None:
        (staged,) = staged_files.read(self.bucket.get(upload.list_key))
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            file = Path(folder) / "staged.parquet"
            self.bucket.fetch(staged.uri.removeprefix(f"s3://{self.bucket.name}/"), to=file)
            self.jobs.load(job_id, file, table={"datasetId": upload.dataset, "tableId": table})

    def _outcome(self, job_id: str) -> StatementOutcome:
        status = self.jobs.find(job_id)
        if status is None:
            return StatementOutcome(state=StatementState.LOST, error="unknown job")
        if status.get("state") != "DONE":
            return StatementOutcome(state=StatementState.RUNNING)
        error = status.get("errorResult")
        if not isinstance(error, dict):
            return StatementOutcome(state=StatementState.FINISHED)
        words = f"{error.get('reason', '')} {error.get('message', '')}".strip()
        return StatementOutcome(state=StatementState.FAILED, error=words)


def _upload(statement: str) -> _Upload | None:
    load = _LOAD.fullmatch(statement)
    if load is None:
        return None
    dataset, stage, columns, list_key = load.groups()
    return _Upload(dataset, stage, columns.split(", "), list_key)


def _copied(upload: _Upload, table: str) -> str:
    """What brings the loaded rows into the stage, which lives in the script alone.

    Each value is cast: how BigQuery reads a time without a zone from Parquet has changed.
    """
    names = ", ".join(column.split()[0] for column in upload.columns)
    values = ", ".join("CAST({} AS {})".format(*column.split()) for column in upload.columns)
    rows = f"SELECT {values} FROM {upload.dataset}.{table}"  # noqa: S608 - our own names
    return f"INSERT INTO {upload.stage} ({names}) {rows}"


def _script(statements: Sequence[str]) -> str:
    return "".join(f"{statement};\n" for statement in statements)


def _transaction(statements: Sequence[str]) -> str:
    return _script(["BEGIN TRANSACTION", *statements, "COMMIT TRANSACTION"])
