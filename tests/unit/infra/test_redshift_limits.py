"""The stand-in refuses what AWS refuses, and answers every call."""

import http.client
import json
import uuid

import pytest
from botocore.exceptions import ClientError

from infra.local.redshift.client import QueryFailed
from tests.redshift_standin import TARGET, RedshiftStandIn

LONGEST = 65_535  # bytes of a VARCHAR
NOBODY = str(uuid.UUID(int=0))


def code_of(redshift: RedshiftStandIn, operation: str, body: object) -> str:
    """The code of the answer to a call that botocore would not send; empty for a good answer."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection = http.client.HTTPConnection("127.0.0.1", redshift.server.port, timeout=20)
    try:
        headers = {
            "X-Amz-Target": f"RedshiftData.{operation}",
            "Authorization": "AWS4-HMAC-SHA256 Credential=local/",  # the stand-in's own client's
        }
        connection.request("POST", "/", text, headers)
        answer = connection.getresponse()
        document = json.loads(answer.read())
        assert (answer.status == 200) == ("__type" not in document)
        return str(document.get("__type", ""))
    finally:
        connection.close()


@pytest.mark.parametrize("suffix", [":0", ":3", ":01", ":-1", ":99", ":"])
def test_a_part_that_a_batch_does_not_have_does_not_exist(
    redshift: RedshiftStandIn, suffix: str
) -> None:
    """Numbers begin with 1; `:0` was the last one, and `:3` of two closed the connection."""
    batch = redshift.batch("SELECT 1 AS x", "SELECT 2 AS x")["Id"]

    for call in ("get_statement_result", "describe_statement", "cancel_statement"):
        with pytest.raises(ClientError) as refusal:
            getattr(redshift.client, call)(Id=batch + suffix)
        error = refusal.value.response["Error"]
        expected = "ValidationException" if suffix == ":-1" else "ResourceNotFoundException"
        assert (call, expected) == (call, error["Code"])


def test_a_single_statement_has_no_parts(redshift: RedshiftStandIn) -> None:
    """Only those of a batch have numbers."""
    one = redshift.client.execute_statement(Sql="SELECT 1", **TARGET)["Id"]

    assert "ResourceNotFoundException" == code_of(redshift, "DescribeStatement", {"Id": f"{one}:1"})


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("DescribeStatement", {"Id": "load-1"}, "ValidationException"),
        ("DescribeStatement", {"Id": f"{NOBODY}:x"}, "ValidationException"),
        ("DescribeStatement", {"Id": f"{NOBODY}:²"}, "ValidationException"),
        ("DescribeStatement", {"Id": NOBODY}, "ResourceNotFoundException"),
        ("DescribeStatement", {}, "ValidationException"),
        ("DescribeStatement", {"Id": None}, "ValidationException"),
        ("DescribeStatement", {"Id": 7}, "SerializationException"),
        ("DescribeStatement", [], "SerializationException"),
        ("DescribeStatement", b"{", "SerializationException"),
        ("DescribeStatement", b"\xff", "SerializationException"),
        ("DescribeStatement", b"[" * 100_000, "SerializationException"),
        ("CancelStatement", {}, "ValidationException"),
        ("DescribeStatement", {"Id": NOBODY, "WaitTimeSeconds": 31}, "ValidationException"),
        ("DescribeStatement", {"Id": NOBODY, "WaitTimeSeconds": 0}, "ValidationException"),
        ("DescribeStatement", {"Id": NOBODY, "WaitTimeSeconds": "²"}, "SerializationException"),
        ("ListStatements", {"MaxResults": 101}, "ValidationException"),
        ("ListStatements", {"MaxResults": -1}, "ValidationException"),
        ("ListStatements", {"NextToken": "x"}, "ValidationException"),
        ("ListStatements", {"NextToken": "-5"}, "ValidationException"),
        ("ListStatements", {"NextToken": "9" * 5_000}, "ValidationException"),
        ("ListStatements", {"NextToken": "99"}, "ValidationException"),
        ("ListStatements", {"Status": "LOST"}, "ValidationException"),
        ("ListStatements", {"StatementName": 7}, "SerializationException"),
        ("ExecuteStatement", TARGET, "ValidationException"),
        ("ExecuteStatement", {**TARGET, "Sql": ["SELECT 1"]}, "SerializationException"),
        ("ExecuteStatement", {"Sql": "SELECT 1", "Database": "penstock"}, "ValidationException"),
        ("ExecuteStatement", {**TARGET, "Sql": "x", "Database": ""}, "ValidationException"),
        ("ExecuteStatement", {**TARGET, "Sql": "x", "WorkgroupName": "A B"}, "ValidationException"),
        ("ExecuteStatement", {**TARGET, "Sql": "x", "ClientToken": ""}, "ValidationException"),
        ("ExecuteStatement", {**TARGET, "Sql": "x", "StatementName": "x" * 2049},
         "ValidationException"),
        ("ExecuteStatement", {**TARGET, "Sql": "x", "Parameters": []}, "ValidationException"),
        ("ExecuteStatement", {**TARGET, "Sql": ":a", "Parameters": [{"name": "a"}]},
         "ValidationException"),
        ("ExecuteStatement", {**TARGET, "Sql": ":a", "Parameters": [{"name": "a", "value": ""}]},
         "ValidationException"),
        ("ExecuteStatement", {**TARGET, "Sql": ":a", "Parameters": [{"name": "a b", "value": "1"}]},
         "ValidationException"),
        ("ExecuteStatement", {**TARGET, "Sql": ":a", "Parameters": ["a"]},
         "SerializationException"),
        ("BatchExecuteStatement", TARGET, "ValidationException"),
        ("BatchExecuteStatement", {**TARGET, "Sqls": "SELECT 1"}, "SerializationException"),
        ("BatchExecuteStatement", {**TARGET, "Sqls": []}, "ValidationException"),
        ("BatchExecuteStatement", {**TARGET, "Sqls": [1]}, "SerializationException"),
        ("BatchExecuteStatement", {**TARGET, "Sqls": ["SELECT 1"], "ExecutionMode": "x"},
         "ValidationException"),
        ("ListTables", {}, "UnknownOperationException"),
        ("", {}, "UnknownOperationException"),
    ],
)  # fmt: skip
def test_a_call_that_aws_refuses_is_refused_and_answered(
    redshift: RedshiftStandIn, operation: str, body: object, code: str
) -> None:
    """A connection that is dropped looks like an outage, which callers wait out and try again."""
    assert code == code_of(redshift, operation, body)


@pytest.mark.parametrize("length", ["x", "-1"])
def test_a_body_without_a_length_is_refused(redshift: RedshiftStandIn, length: str) -> None:
    """With a negative one the server waited for more until the caller hung up."""
    connection = http.client.HTTPConnection("127.0.0.1", redshift.server.port, timeout=20)
    connection.putrequest("POST", "/")
    connection.putheader("X-Amz-Target", "RedshiftData.ListStatements")
    connection.putheader("Content-Length", length)
    connection.endheaders()
    answer = connection.getresponse()

    assert (400, "SerializationException") == (answer.status, json.loads(answer.read())["__type"])
    connection.close()


def test_a_result_is_paged_by_its_own_tokens_only(redshift: RedshiftStandIn) -> None:
    """A token of nobody began anywhere, or gave an empty page, as if all had been read."""
    made = redshift.client.execute_statement(Sql="SELECT range AS n FROM range(1500)", **TARGET)
    redshift.client.describe_statement(Id=made["Id"], WaitTimeSeconds=30)
    pages = redshift.client.get_statement_result(Id=made["Id"])

    for token in ("x", "-1", "1500", "10000"):
        body = {"Id": made["Id"], "NextToken": token}
        assert "ValidationException" == code_of(redshift, "GetStatementResult", body)
    rest = redshift.client.get_statement_result(Id=made["Id"], NextToken=pages["NextToken"])
    assert 500 == len(rest["Records"])


@pytest.mark.parametrize("text", ["x" * (LONGEST - 1), "é" * (LONGEST // 2), "x" * 70_000])
def test_json_parse_takes_no_more_than_a_varchar_holds(
    redshift: RedshiftStandIn, text: str
) -> None:
    """Its argument is a VARCHAR; a load that passes here must not fail in the cloud."""
    redshift.query("CREATE TABLE s (p SUPER)")

    with pytest.raises(QueryFailed, match=r"Value too long for type character varying\(65535\)"):
        redshift.query(f"""INSERT INTO s SELECT JSON_PARSE('"{text}"')""")


def test_json_parse_takes_what_a_varchar_holds(redshift: RedshiftStandIn) -> None:
    """To the last byte."""
    redshift.query("CREATE TABLE s (p SUPER)")
    redshift.query(f"""INSERT INTO s SELECT JSON_PARSE('"{"x" * (LONGEST - 2)}"')""")

    assert [{"n": 1}] == redshift.query("SELECT COUNT(*) AS n FROM s")


def test_a_text_in_super_is_no_longer_than_a_varchar(redshift: RedshiftStandIn) -> None:
    """COPY makes a SUPER string of a text, which keeps the limit of a text."""
    copy = redshift.stage(f"SELECT repeat('x', {LONGEST + 1}) AS p", columns="p SUPER")

    with pytest.raises(QueryFailed, match="Value too long"):
        redshift.query(f"{copy} SERIALIZETOJSON")


@pytest.mark.parametrize(
    ("columns", "meaning"),
    [
        ("id VARCHAR(65536)", "length for type varchar cannot exceed 65535"),
        ("id CHARACTER VARYING(70000)", "length for type varchar cannot exceed 65535"),
        ("id CHAR(4097)", "length for type char cannot exceed 4096"),
        ("id VARCHAR(0)", "length for type varchar must be at least 1"),
        ("id VARCHAR(MAXI)", "syntax error"),
        (", ".join(f"c{n} INT" for n in range(1601)), "at most 1600 columns"),
    ],
)
def test_a_table_wider_than_redshifts_is_refused(
    redshift: RedshiftStandIn, columns: str, meaning: str
) -> None:
    """A published schema is created in the cloud first on the day of the first load."""
    with pytest.raises(QueryFailed, match=meaning):
        redshift.query(f"CREATE TABLE t ({columns})")


def test_a_row_of_a_result_has_at_most_64_kilobytes(redshift: RedshiftStandIn) -> None:
    """The Data API's own limit, beside those of the warehouse."""
    halves = "SELECT repeat('x', 40000) AS a, repeat('y', {}) AS b"

    assert 1 == len(redshift.query(halves.format(25_536)))
    with pytest.raises(QueryFailed, match="too large"):
        redshift.query(halves.format(25_537))


def test_an_error_of_our_own_is_answered_as_the_services(redshift: RedshiftStandIn) -> None:
    """AWS answers 500 for its own faults; a caller must see that, and no lost connection."""
    batch = redshift.batch("SELECT 1")["Id"]
    redshift.clock.now_s = "noon"  # type: ignore[assignment] # no time can be taken from it

    assert "InternalServerException" == code_of(redshift, "DescribeStatement", {"Id": batch})
