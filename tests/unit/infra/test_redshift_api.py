"""The stand-in answers as the Redshift Data API does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.redshift.client import connect, query
from tests.redshift_standin import TARGET, RedshiftStandIn


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ({"Sqls": ["SELECT 1"] * 41}, "ValidationException"),
        ({"Sqls": ["SELECT '" + "x" * 100_000 + "'"]}, "ValidationException"),
        ({"Sqls": ["SELECT 1"], "ClientToken": "x" * 65}, "ValidationException"),
        ({"Sqls": ["SELECT 1"], "ClusterIdentifier": "both"}, "ValidationException"),
        (
            {"Sqls": ["SELECT 1"], "Parameters": [{"name": "unused", "value": "1"}]},
            "ValidationException",
        ),
    ],
)
def test_limits_of_the_api_hold(redshift: RedshiftStandIn, call: dict[str, Any], code: str) -> None:
    """What the service refuses must be refused before the first deployment."""
    with pytest.raises(ClientError) as refusal:
        redshift.client.batch_execute_statement(**TARGET, **call)
    assert refusal.value.response["Error"]["Code"] == code


def test_parameters_are_bound_as_values(redshift: RedshiftStandIn) -> None:
    """Not as SQL, and not inside literals."""
    answer = redshift.client.execute_statement(
        Sql="SELECT ':id' AS kept, :id AS x, :id::VARCHAR AS y",
        Parameters=[{"name": "id", "value": "o'clock"}],
        **TARGET,
    )
    redshift.client.describe_statement(Id=answer["Id"], WaitTimeSeconds=30)
    (record,) = redshift.client.get_statement_result(Id=answer["Id"])["Records"]
    assert [field["stringValue"] for field in record] == [":id", "o'clock", "o'clock"]


def test_a_batchs_result_is_read_by_the_id_of_its_part(redshift: RedshiftStandIn) -> None:
    """The batch's own id has no result."""
    seen = redshift.batch("SELECT 1 AS x", "SELECT 2 AS x")
    with pytest.raises(ClientError, match="does not have result"):
        redshift.client.get_statement_result(Id=seen["Id"])
    answer = redshift.client.get_statement_result(Id=f"{seen['Id']}:2")
    assert answer["Records"] == [[{"longValue": 2}]]


def test_a_long_result_comes_in_pages(redshift: RedshiftStandIn) -> None:
    """Whoever reads only the first page must notice in a test."""
    rows = redshift.query("SELECT range AS n FROM range(2500)")
    assert [row["n"] for row in rows] == list(range(2500))


def test_a_statement_is_known_for_a_day(redshift: RedshiftStandIn) -> None:
    """Afterwards only the warehouse's own tables can tell."""
    seen = redshift.batch("SELECT 1")
    redshift.clock.now_s += 25 * 3600
    with pytest.raises(ClientError) as gone:
        redshift.client.describe_statement(Id=seen["Id"])
    assert gone.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_waiting_statement_can_be_cancelled(redshift: RedshiftStandIn) -> None:
    """It then never runs."""
    redshift.query("CREATE TABLE t (id INT)")
    redshift.server.faults.gate.clear()
    held = redshift.client.execute_statement(Sql="INSERT INTO t VALUES (1)", **TARGET)
    assert redshift.client.describe_statement(Id=held["Id"])["Status"] == "SUBMITTED"
    redshift.client.cancel_statement(Id=held["Id"])
    redshift.server.faults.gate.set()
    assert redshift.count() == 0
    assert redshift.client.describe_statement(Id=held["Id"])["Status"] == "ABORTED"
    with pytest.raises(ClientError, match="already in ABORTED"):
        redshift.client.cancel_statement(Id=held["Id"])


def test_statements_are_listed_by_name(redshift: RedshiftStandIn) -> None:
    """How a person finds the load behind a record."""
    redshift.batch("SELECT 1", StatementName="load-1")
    redshift.batch("SELECT nope", StatementName="load-2")
    listed = redshift.client.list_statements(StatementName="load-")["Statements"]
    assert {one["StatementName"]: one["Status"] for one in listed} == {
        "load-1": "FINISHED",
        "load-2": "FAILED",
    }
    failed = redshift.client.list_statements(StatementName="load-", Status="FAILED")["Statements"]
    assert [one["StatementName"] for one in failed] == ["load-2"]


def test_the_end_of_a_statement_is_announced_when_asked(redshift: RedshiftStandIn) -> None:
    """A hint for whoever does not want to wait."""
    redshift.events.create_archive(
        ArchiveName="seen",
        EventSourceArn="arn:aws:events:eu-central-1:123456789012:event-bus/default",
    )
    redshift.batch("SELECT 1", WithEvent=True, StatementName="load-1")
    redshift.batch("SELECT 1")
    redshift.query("SELECT 1")  # runs behind them, so they have been announced
    assert redshift.events.describe_archive(ArchiveName="seen")["EventCount"] == 1


def test_the_process_prints_its_port_and_ends_when_told(tmp_path: Path) -> None:
    """The local cloud starts and stops it as a process."""
    command = [sys.executable, "-m", "infra.local.redshift", "--s3-endpoint", "http://127.0.0.1:9"]
    command += ["--database-file", str(tmp_path / "data" / "w.duckdb")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own module
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        assert query(connect(f"http://127.0.0.1:{port}"), "SELECT 1 AS x") == [{"x": 1}]
        process.terminate()
        assert process.wait(timeout=20) == 0


def test_a_session_keeps_its_transaction_between_calls(redshift: RedshiftStandIn) -> None:
    """A read-only one refuses to write; a session that nobody knows is refused itself."""
    redshift.query("CREATE TABLE t (n INTEGER)")
    begun = redshift.client.execute_statement(
        Sql="BEGIN READ ONLY", SessionKeepAliveSeconds=60, **TARGET
    )

    def ended(sql: str) -> Any:
        answer = redshift.client.execute_statement(Sql=sql, SessionId=begun["SessionId"])
        return redshift.client.describe_statement(Id=answer["Id"], WaitTimeSeconds=30)

    assert "FINISHED" == ended("SELECT * FROM t")["Status"]
    assert "read-only" in ended("INSERT INTO t VALUES (1)")["Error"]
    assert "FINISHED" == ended("ROLLBACK")["Status"]
    assert 0 == redshift.count()
    unknown = "00000000-0000-0000-0000-000000000000"
    with pytest.raises(ClientError, match="Session is not available"):
        redshift.client.execute_statement(Sql="SELECT 1", SessionId=unknown)


def test_a_session_ends_when_nobody_comes_back(redshift: RedshiftStandIn) -> None:
    """What it holds open must not be held for ever."""
    begun = redshift.client.execute_statement(
        Sql="BEGIN READ ONLY", SessionKeepAliveSeconds=60, **TARGET
    )
    redshift.client.describe_statement(Id=begun["Id"], WaitTimeSeconds=30)
    redshift.clock.now_s += 61

    redshift.query("SELECT 1")

    with pytest.raises(ClientError, match="Session is not available"):
        redshift.client.execute_statement(Sql="SELECT 1", SessionId=begun["SessionId"])
