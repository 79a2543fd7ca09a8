"""`penstock query` reads the warehouse: here the stand-in, found by the local cloud's state."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.local.redshift.client import connect
from infra.local.redshift.client import query as run
from infra.local.redshift.server import RedshiftServer
from runtime.errors import BadInput
from runtime.stores.warehouse.redshift.read_only import ReadOnly
from tests.unit.cli.conftest import Command


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedshiftServer]:
    """A warehouse in which the tenant acme has three orders."""
    with mock_aws():
        server = RedshiftServer(
            database=tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb",
            s3=boto3.client("s3", region_name="us-east-1"),
        )
    client = connect(server.url)
    run(client, "CREATE SCHEMA penstock_acme")
    run(client, "CREATE TABLE penstock_acme.events (id VARCHAR(8), value INTEGER, note VARCHAR(8))")
    run(
        client,
        "INSERT INTO penstock_acme.events VALUES ('a', 1, 'x,y'), ('b', 2, NULL), ('c', 3, '')",
    )
    yield server
    server.close()


@pytest.fixture
def local(penstock: Command, warehouse: RedshiftServer) -> Command:
    """The command in a folder with a local cloud that has this warehouse."""
    state = {
        "api_url": penstock.environment["PENSTOCK_API_URL"],
        "api_key": penstock.environment["PENSTOCK_API_KEY"],
        "tenant": "acme",
        "region": "us-east-1",
        "redshift_endpoint": warehouse.url,
    }
    penstock.write(".local/state.json", json.dumps(state))
    return penstock


SQL = "SELECT id, value, note FROM events ORDER BY id"


def test_rows_are_a_table_for_people_and_one_document_for_programs(local: Command) -> None:
    """Names without a schema are the tenant's."""
    shown = local("query", SQL)
    document = local("query", SQL, "--json").json

    assert "id  value  note\na   1      x,y\nb   2      -\nc   3\n" == shown.out
    assert [["a", 1, "x,y"], ["b", 2, None], ["c", 3, ""]] == document["rows"]
    assert {"name": "value", "type": "int4"} == document["columns"][1]
    assert 3 == document["total"]


def test_two_columns_of_one_name_are_both_shown(local: Command) -> None:
    """As in a join; a document has them by their places in any case."""
    shown = local("query", "SELECT 1 AS id, 2 AS id")

    assert "id  id (2)\n1   2\n" == shown.out
    assert [[1, 2]] == local("query", "SELECT 1 AS id, 2 AS id", "--json").json["rows"]
    assert "(none)\n" == local("query", "SELECT 1 AS id WHERE FALSE").out


def test_csv_is_quoted_and_has_a_line_of_names(local: Command) -> None:
    """It goes into a spreadsheet."""
    assert 'id,value,note\na,1,"x,y"\nb,2,\nc,3,\n' == local("query", SQL, "--csv").out
    assert 2 == local("query", SQL, "--csv", "--json").code


def test_a_limit_says_that_there_is_more(local: Command) -> None:
    """Else the first hundred rows pass for all."""
    ran = local("query", SQL, "--limit", "2", "--csv")

    assert 'id,value,note\na,1,"x,y"\nb,2,\n' == ran.out
    assert "2 of 3 rows are shown; --limit shows more" in ran.err


def test_the_statement_may_come_from_a_file_or_standard_input(local: Command) -> None:
    """A long one is nothing to type into a shell."""
    local.write("orders.sql", f"-- mine\n{SQL};\n")

    from_file = local("query", "--file", "orders.sql")
    from_stdin = local("query", "-", stdin=SQL)

    assert 0 == from_file.code == from_stdin.code
    assert from_file.out == from_stdin.out
    assert 2 == local("query").code
    assert 2 == local("query", SQL, "--file", "orders.sql").code


def test_tables_are_listed_with_their_columns(local: Command) -> None:
    """What there is to ask for."""
    rows = local("query", "--tables", "--json").json["rows"]

    assert ["penstock_acme", "events", "id"] == rows[0][:3]
    assert 3 == len(rows)


def test_what_writes_is_refused_before_it_is_sent(local: Command) -> None:
    """Exit 2: it was called wrongly."""
    ran = local("query", "DELETE FROM events", "--json")

    assert (2, "not_read_only") == (ran.code, ran.json["error"]["code"])
    assert 3 == local("query", SQL, "--json").json["total"]


def test_the_database_refuses_to_write_even_what_has_passed_the_check(
    warehouse: RedshiftServer,
) -> None:
    """Two locks: the judgement of the text, and a transaction that is read-only."""
    reader = ReadOnly(client=connect(warehouse.url), workgroup="penstock", database="penstock")

    with pytest.raises(BadInput, match="read-only"):
        reader.query("DELETE FROM events", schema="penstock_acme", limit=1, wait_s=30)
    reader.query("SELECT 1", schema="not_there_yet", limit=1, wait_s=30)

    assert 3 == int(run(connect(warehouse.url), "SELECT * FROM penstock_acme.events")[2]["value"])


def test_an_error_of_the_database_is_its_own_message(local: Command) -> None:
    """No traceback, no other words for it."""
    ran = local("query", "SELECT nothing FROM nowhere", "--json")

    assert (1, "query_failed") == (ran.code, ran.json["error"]["code"])
    assert 'relation "nowhere" does not exist' == ran.json["error"]["message"]
    assert "Traceback" not in ran.err


def test_without_a_local_cloud_a_stack_must_be_named(penstock: Command) -> None:
    """The API has no SQL, so its address is of no use here."""
    penstock("config", "set", "prod", "--url", "https://penstock.example.com", stdin="psk_x")

    alone = penstock("query", "SELECT 1", "--json")
    named = penstock("--as", "prod", "query", "SELECT 1", "--json")

    for ran in (alone, named):
        assert (2, "no_warehouse") == (ran.code, ran.json["error"]["code"])


def test_a_statement_that_takes_too_long_is_cancelled(
    local: Command, warehouse: RedshiftServer
) -> None:
    """It would go on and cost after its reader has gone."""
    warehouse.faults.gate.clear()
    try:
        ran = local("query", SQL, "--timeout-s", "1", "--json")
    finally:
        warehouse.faults.gate.set()

    assert (1, "query_timeout") == (ran.code, ran.json["error"]["code"])
    statements: Any = connect(warehouse.url).list_statements()["Statements"]
    assert "ABORTED" == statements[0]["Status"]


def test_a_stack_is_read_by_its_parameters(tmp_path: Path) -> None:
    """The workgroup and the database are those that it was deployed with."""
    from runtime.stores.aws import stack

    template = {
        "Parameters": {"RedshiftWorkgroup": {"Type": "String"}},
        "Resources": {"T": {"Type": "AWS::SNS::Topic"}},
    }
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("cloudformation", region_name="us-east-1").create_stack(
            StackName=tmp_path.name,
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": "RedshiftWorkgroup", "ParameterValue": "shop"}],
        )
        assert {"RedshiftWorkgroup": "shop"} == stack.parameters(tmp_path.name)


def test_the_lake_is_asked_where_the_warehouse_has_nothing_of_the_tenant(local: Command) -> None:
    """Also by --lake. Here its files are at an address where nobody listens."""
    state = json.loads((local.folder / ".local/state.json").read_text(encoding="utf-8"))
    lake = {"aws_endpoint": "http://127.0.0.1:9", "stack": "penstock"}
    for tenant, arguments in (("nobody", ()), ("acme", ("--lake",))):
        local.write(".local/state.json", json.dumps({**state, **lake, "tenant": tenant}))

        ran = local("query", SQL, *arguments, "--json")

        assert (1, "aws_unavailable") == (ran.code, ran.json["error"]["code"])
        assert "Could not connect" in ran.json["error"]["message"]


def test_a_lake_in_a_stack_is_asked_for_one_tenant(penstock: Command) -> None:
    """Of the stack nobody can tell whose lake is meant."""
    ran = penstock("query", "SELECT 1", "--stack", "penstock", "--lake", "--json")

    assert (2, "no_tenant") == (ran.code, ran.json["error"]["code"])
