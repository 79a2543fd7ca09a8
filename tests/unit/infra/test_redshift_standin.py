"""The stand-in means what Redshift means, wherever a load depends on it."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.local.redshift import dialect
from infra.local.redshift.client import QueryFailed, connect, query
from infra.local.redshift.server import RedshiftServer

TARGET: Any = {"WorkgroupName": "penstock", "Database": "penstock"}
ROLE = "IAM_ROLE 'arn:aws:iam::000000000000:role/copy'"
BUCKET = "stage"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1_795_179_845.0

    def __call__(self) -> float:
        """Now, in epoch seconds."""
        return self.now_s


class Redshift:
    """A stand-in, a client of it, and the S3 it copies from."""

    def __init__(self, folder: Path, *, s3: Any, events: Any) -> None:
        self.folder = folder
        self.clock = Clock()
        self.s3 = s3
        self.events = events
        self.server = RedshiftServer(
            database=folder / "warehouse.duckdb", s3=s3, events=events, now=self.clock
        )
        self.client: Any = connect(self.server.url)

    def batch(self, *sqls: str, **options: Any) -> Any:
        """Submit a batch; its description when it has ended."""
        answer = self.client.batch_execute_statement(Sqls=list(sqls), **TARGET, **options)
        return self.client.describe_statement(Id=answer["Id"], WaitTimeSeconds=30)

    def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of one statement."""
        return query(self.client, sql)

    def stage(self, select: str, *, columns: str = "id VARCHAR(8), n BIGINT") -> str:
        """A table `t` and a COPY of the Parquet file of this SELECT into it."""
        self.query(f"CREATE TABLE IF NOT EXISTS t ({columns})")
        path = self.folder / "x.parquet"
        duckdb.sql(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
        self.s3.put_object(Bucket=BUCKET, Key="x.parquet", Body=path.read_bytes())
        self.manifest({"content_length": path.stat().st_size})
        return f"COPY t FROM 's3://{BUCKET}/m.json' {ROLE} FORMAT AS PARQUET MANIFEST"

    def manifest(self, meta: Any, *, key: str = "x.parquet", **entry: Any) -> None:
        """A manifest of one entry."""
        whole = {"url": f"s3://{BUCKET}/{key}", "mandatory": True, "meta": meta} | entry
        kept = {name: value for name, value in whole.items() if value is not None}
        self.s3.put_object(Bucket=BUCKET, Key="m.json", Body=json.dumps({"entries": [kept]}))


@pytest.fixture(scope="module")
def aws() -> Iterator[tuple[Any, Any]]:
    """S3 and EventBridge for this file; making clients is what takes time here."""
    with mock_aws():
        s3: Any = boto3.client("s3")
        s3.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        yield s3, boto3.client("events")


@pytest.fixture
def redshift(tmp_path: Path, aws: tuple[Any, Any]) -> Iterator[Redshift]:
    """A fresh, empty warehouse."""
    s3, events = aws
    made = Redshift(tmp_path, s3=s3, events=events)
    yield made
    made.server.close()


def _rows(redshift: Redshift) -> int:
    return int(redshift.query("SELECT COUNT(*) AS n FROM t")[0]["n"])


def test_a_batch_is_one_transaction(redshift: Redshift) -> None:
    """A load whose last statement fails must leave nothing."""
    redshift.query("CREATE TABLE t (id VARCHAR(8))")
    seen = redshift.batch("INSERT INTO t VALUES ('a')", "SELECT nope FROM t", "SELECT 1")
    assert seen["Status"] == "FAILED"
    assert 'column "nope" does not exist' in seen["Error"]
    assert [part["Status"] for part in seen["SubStatements"]] == ["FINISHED", "FAILED", "ABORTED"]
    assert _rows(redshift) == 0


def test_a_batch_in_auto_commit_keeps_what_came_before_the_failure(redshift: Redshift) -> None:
    """The one mode that is no transaction."""
    redshift.query("CREATE TABLE t (id VARCHAR(8))")
    redshift.batch("INSERT INTO t VALUES ('a')", "SELECT nope FROM t", ExecutionMode="AUTO_COMMIT")
    assert _rows(redshift) == 1


def test_ddl_rolls_back_with_its_transaction(redshift: Redshift) -> None:
    """Redshift's DDL is transactional."""
    redshift.batch("CREATE TABLE t (id INT)", "SELECT nope")
    with pytest.raises(QueryFailed, match='relation "t" does not exist'):
        redshift.query("SELECT * FROM t")


def test_a_token_submits_once_for_eight_hours(redshift: Redshift) -> None:
    """A reply that was lost must not become a second load; a weekend later it would."""
    redshift.query("CREATE TABLE t (id VARCHAR(8))")
    insert = "INSERT INTO t VALUES ('a')"
    first, again = (redshift.batch(insert, ClientToken="load-1")["Id"] for _ in range(2))
    assert first == again
    assert _rows(redshift) == 1
    redshift.clock.now_s += 8 * 3600
    assert redshift.batch(insert, ClientToken="load-1")["Id"] != first
    assert _rows(redshift) == 2


def test_keys_are_not_enforced(redshift: Redshift) -> None:
    """Redshift takes them as hints; a stand-in that enforced them would hide double rows."""
    redshift.query("CREATE TABLE t (id VARCHAR(8) PRIMARY KEY, n INT UNIQUE, PRIMARY KEY (id))")
    redshift.query("INSERT INTO t VALUES ('a', 1), ('a', 1)")
    assert _rows(redshift) == 2


def test_lengths_are_in_bytes_and_enforced(redshift: Redshift) -> None:
    """Four umlauts are eight bytes: DuckDB alone would take them."""
    redshift.query("CREATE TABLE t (id VARCHAR(7), c CHAR(2) DEFAULT 'x')")
    with pytest.raises(QueryFailed, match=r"Value too long for type character varying\(7\)"):
        redshift.query("INSERT INTO t (id) VALUES ('ääää')")


def test_not_null_is_enforced(redshift: Redshift) -> None:
    """The one constraint that Redshift does enforce."""
    redshift.query("CREATE TABLE t (id VARCHAR(7) NOT NULL ENCODE zstd)")
    with pytest.raises(QueryFailed, match="Cannot insert a NULL value into column id"):
        redshift.query("INSERT INTO t VALUES (NULL)")


def test_truncate_commits(redshift: Redshift) -> None:
    """Whoever puts a TRUNCATE into a load loses the rollback."""
    redshift.query("CREATE TABLE t (id VARCHAR(8))")
    redshift.query("INSERT INTO t VALUES ('a')")
    redshift.batch("TRUNCATE t", "SELECT nope")
    assert _rows(redshift) == 0


@pytest.mark.parametrize("sql", ["VACUUM", "ALTER TABLE t ALTER COLUMN id TYPE VARCHAR(64)"])
def test_what_cannot_run_in_a_transaction_is_refused_in_one(redshift: Redshift, sql: str) -> None:
    """These need a call of their own."""
    redshift.query("CREATE TABLE t (id VARCHAR(8))")
    assert "cannot run inside a transaction block" in redshift.batch(sql)["Error"]


def test_a_lock_needs_its_table(redshift: Redshift) -> None:
    """The lock itself is a no-op, but a typing error in it must show."""
    redshift.query("CREATE TABLE t (id INT)")
    assert redshift.batch("LOCK TABLE t")["Status"] == "FINISHED"
    assert 'relation "nope" does not exist' in redshift.batch("LOCK nope")["Error"]


def test_the_guard_ends_the_batch_exactly_when_the_load_is_known(redshift: Redshift) -> None:
    """There is no IF in a batch: a cast must do it."""
    guard = "SELECT CAST('already loaded ' || MAX(id) AS INTEGER) FROM t WHERE id = 'x'"
    redshift.query("CREATE TABLE t (id VARCHAR(8))")
    assert redshift.batch(guard)["Status"] == "FINISHED"
    redshift.query("INSERT INTO t VALUES ('x')")
    assert 'invalid input syntax for integer: "already loaded x"' in redshift.batch(guard)["Error"]


def test_temporary_tables_end_with_their_batch(redshift: Redshift) -> None:
    """A load that failed must not leave its stage to the next."""
    for _ in range(2):
        seen = redshift.batch("CREATE TEMP TABLE s (id INT)", "INSERT INTO s VALUES (1)")
        assert seen["Status"] == "FINISHED"


def test_copy_fills_columns_by_position(redshift: Redshift) -> None:
    """Names in the file mean nothing to Redshift."""
    redshift.query(redshift.stage("SELECT 'a' AS other, 7::BIGINT AS names"))
    assert redshift.query("SELECT id, n FROM t") == [{"id": "a", "n": 7}]


def test_copy_with_a_column_list_fills_those(redshift: Redshift) -> None:
    """How an old file meets a table that has grown."""
    copy = redshift.stage("SELECT 7::BIGINT AS x").replace("COPY t", "COPY t (n)")
    redshift.query(copy)
    assert redshift.query("SELECT id, n FROM t") == [{"id": None, "n": 7}]


@pytest.mark.parametrize(
    ("select", "meaning"),
    [
        ("SELECT 'a' AS id", "Table columns: 2, Data columns: 1"),
        ("SELECT 'a' AS id, 7::INT AS n", "incompatible Parquet schema for column 'n'"),
        ("SELECT 'too long for 8' AS id, 7::BIGINT AS n", "Value too long"),
    ],
)
def test_copy_refuses_a_file_of_another_shape(
    redshift: Redshift, select: str, meaning: str
) -> None:
    """No cast, no cut: the whole COPY fails."""
    with pytest.raises(QueryFailed, match=meaning):
        redshift.query(redshift.stage(select))
    assert _rows(redshift) == 0


def _without_meta(redshift: Redshift) -> None:
    redshift.manifest(None)


def _with_a_wrong_length(redshift: Redshift) -> None:
    redshift.manifest({"content_length": 1})


def _with_a_missing_file(redshift: Redshift) -> None:
    redshift.manifest({"content_length": 1}, key="nope.parquet")


def _without_itself(redshift: Redshift) -> None:
    redshift.s3.delete_object(Bucket=BUCKET, Key="m.json")


@pytest.mark.parametrize(
    ("meddle", "meaning"),
    [
        (_without_meta, "File entry does not have 'meta' key"),
        (_with_a_wrong_length, "its manifest entry says 1"),
        (_with_a_missing_file, "Mandatory url is not present"),
        (_without_itself, "Problem reading manifest file"),
    ],
)
def test_copy_refuses_a_manifest_that_does_not_hold(
    redshift: Redshift, meddle: Callable[[Redshift], None], meaning: str
) -> None:
    """Each of these would load fewer rows than were staged."""
    copy = redshift.stage("SELECT 'a' AS id, 7::BIGINT AS n")
    meddle(redshift)
    with pytest.raises(QueryFailed, match=meaning):
        redshift.query(copy)


def test_copy_skips_a_missing_file_that_is_not_mandatory(redshift: Redshift) -> None:
    """Redshift's default, and the reason why ours are mandatory."""
    copy = redshift.stage("SELECT 'a' AS id, 7::BIGINT AS n")
    redshift.manifest({"content_length": 1}, key="nope.parquet", mandatory=None)
    redshift.query(copy)
    assert _rows(redshift) == 0


def test_copy_refuses_what_is_no_parquet_file(redshift: Redshift) -> None:
    """Half an upload has the right length in its own manifest."""
    copy = redshift.stage("SELECT 'a' AS id, 7::BIGINT AS n")
    redshift.s3.put_object(Bucket=BUCKET, Key="x.parquet", Body=b"PAR1 half")
    redshift.manifest({"content_length": 9})
    with pytest.raises(QueryFailed, match="Spectrum Scan Error"):
        redshift.query(copy)


@pytest.mark.parametrize("option", ["MAXERROR", "ACCEPTANYDATE"])
def test_copy_refuses_options_that_parquet_does_not_take(redshift: Redshift, option: str) -> None:
    """Only a few options exist for columnar files."""
    with pytest.raises(QueryFailed, match="not supported for PARQUET"):
        redshift.query(redshift.stage("SELECT 'a' AS id, 7::BIGINT AS n") + f" {option}")


def test_a_text_becomes_an_object_only_through_json_parse(redshift: Redshift) -> None:
    """COPY into SUPER makes a string of it, which no query can look into."""
    redshift.query("CREATE TABLE s (p SUPER)")
    redshift.query("""INSERT INTO s SELECT JSON_PARSE('{"items":[{"sku":"CD-1"}],"n":1.5}')""")
    assert redshift.query("SELECT s.p.items[0].sku AS sku, s.p.n AS n FROM s") == [
        {"sku": '"CD-1"', "n": "1.5"}
    ]
    copy = redshift.stage("SELECT '{\"n\":1}' AS p", columns="p SUPER")
    with pytest.raises(QueryFailed, match="incompatible Parquet schema"):
        redshift.query(copy)
    redshift.query(copy + " SERIALIZETOJSON")
    assert redshift.query("SELECT t.p.n AS n FROM t") == [{"n": None}]


def test_bad_json_fails_the_statement(redshift: Redshift) -> None:
    """JSON_PARSE has no lenient mode by default."""
    with pytest.raises(QueryFailed, match="JSON parsing error"):
        redshift.query("SELECT JSON_PARSE('{a')")


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT NVL(NULL, 2) AS x", 2),
        ("SELECT DATEDIFF(day, '2026-11-20'::DATE, '2026-11-23'::DATE) AS x", 3),
        ("SELECT DATEADD(day, 1, '2026-11-20'::TIMESTAMP) AS x", "2026-11-21 00:00:00"),
        ("SELECT GETDATE() > '2026-01-01'::TIMESTAMP AS x", True),
        ("SELECT 'SUPER NVL SYSDATE' AS x", "SUPER NVL SYSDATE"),
        ("SELECT COUNT(*) AS x FROM svv_columns WHERE table_name = 'nope'", 0),
        ("SELECT 1.5::DECIMAL(4,2) AS x /* SUPER */ -- NVL", "1.50"),
    ],
)
def test_redshifts_own_words_are_understood(redshift: Redshift, sql: str, value: object) -> None:
    """Analysts' queries, and literals that only look like words of the dialect."""
    assert redshift.query(sql) == [{"x": value}]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (id VARCHAR(MAX), p SUPER, d DOUBLE PRECISION) DISTSTYLE ALL",
        "CREATE TABLE t (id CHARACTER VARYING(9) ENCODE lzo DISTKEY SORTKEY, n INT8 DEFAULT 0)",
        "CREATE TABLE t (id INT REFERENCES other (id)) COMPOUND SORTKEY (id)",
        "CREATE TABLE t (LIKE base)",
        "CREATE TEMP TABLE t DISTKEY (id) SORTKEY (id) AS SELECT id FROM base",
        "CREATE TABLE IF NOT EXISTS t (id INT, FOREIGN KEY (id) REFERENCES base (id)) SORTKEY AUTO",
    ],
)
def test_tables_are_created_as_redshift_writes_them(redshift: Redshift, sql: str) -> None:
    """Distribution, sorting and encoding have no meaning here, and must not be in the way."""
    redshift.query("CREATE TABLE base (id INT)")
    assert redshift.batch(sql, "SELECT * FROM t")["Status"] == "FINISHED"


def test_a_column_is_added_once(redshift: Redshift) -> None:
    """There is no ADD COLUMN IF NOT EXISTS; a migration must live with the error."""
    redshift.query("CREATE TABLE t (id INT)")
    add = "ALTER TABLE t ADD COLUMN value VARCHAR(64) ENCODE zstd"
    redshift.query(add)
    with pytest.raises(QueryFailed, match='column "value" of relation already exists'):
        redshift.query(add)


@pytest.mark.parametrize(
    ("sql", "meaning"),
    [
        ("UNLOAD ('SELECT 1') TO 's3://x'", "not part of the local Redshift"),
        ("COMMIT", "the Data API's own business"),
        ("SELECT 1; SELECT 2", "multiple commands"),
        ("SELECT * FROM read_csv('/etc/hostname')", "ERROR"),
        ("SELEC 1", "syntax error"),
    ],
)
def test_what_is_not_redshift_is_refused_by_name(
    redshift: Redshift, sql: str, meaning: str
) -> None:
    """A stand-in that took more than the real thing would pass what fails in the cloud."""
    with pytest.raises(QueryFailed, match=meaning):
        redshift.query(sql)


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
def test_limits_of_the_api_hold(redshift: Redshift, call: dict[str, Any], code: str) -> None:
    """What the service refuses must be refused before the first deployment."""
    with pytest.raises(ClientError) as refusal:
        redshift.client.batch_execute_statement(**TARGET, **call)
    assert refusal.value.response["Error"]["Code"] == code


def test_parameters_are_bound_as_values(redshift: Redshift) -> None:
    """Not as SQL, and not inside literals."""
    answer = redshift.client.execute_statement(
        Sql="SELECT ':id' AS kept, :id AS x, :id::VARCHAR AS y",
        Parameters=[{"name": "id", "value": "o'clock"}],
        **TARGET,
    )
    redshift.client.describe_statement(Id=answer["Id"], WaitTimeSeconds=30)
    (record,) = redshift.client.get_statement_result(Id=answer["Id"])["Records"]
    assert [field["stringValue"] for field in record] == [":id", "o'clock", "o'clock"]


def test_a_batchs_result_is_read_by_the_id_of_its_part(redshift: Redshift) -> None:
    """The batch's own id has no result."""
    seen = redshift.batch("SELECT 1 AS x", "SELECT 2 AS x")
    with pytest.raises(ClientError, match="does not have result"):
        redshift.client.get_statement_result(Id=seen["Id"])
    answer = redshift.client.get_statement_result(Id=f"{seen['Id']}:2")
    assert answer["Records"] == [[{"longValue": 2}]]


def test_a_long_result_comes_in_pages(redshift: Redshift) -> None:
    """Whoever reads only the first page must notice in a test."""
    rows = redshift.query("SELECT range AS n FROM range(2500)")
    assert [row["n"] for row in rows] == list(range(2500))


def test_a_statement_is_known_for_a_day(redshift: Redshift) -> None:
    """Afterwards only the warehouse's own tables can tell."""
    seen = redshift.batch("SELECT 1")
    redshift.clock.now_s += 25 * 3600
    with pytest.raises(ClientError) as gone:
        redshift.client.describe_statement(Id=seen["Id"])
    assert gone.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_waiting_statement_can_be_cancelled(redshift: Redshift) -> None:
    """It then never runs."""
    redshift.query("CREATE TABLE t (id INT)")
    redshift.server.faults.gate.clear()
    held = redshift.client.execute_statement(Sql="INSERT INTO t VALUES (1)", **TARGET)
    assert redshift.client.describe_statement(Id=held["Id"])["Status"] == "SUBMITTED"
    redshift.client.cancel_statement(Id=held["Id"])
    redshift.server.faults.gate.set()
    assert _rows(redshift) == 0
    assert redshift.client.describe_statement(Id=held["Id"])["Status"] == "ABORTED"
    with pytest.raises(ClientError, match="already in ABORTED"):
        redshift.client.cancel_statement(Id=held["Id"])


def test_statements_are_listed_by_name(redshift: Redshift) -> None:
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


def test_the_end_of_a_statement_is_announced_when_asked(redshift: Redshift) -> None:
    """A hint for whoever does not want to wait."""
    redshift.events.create_archive(
        ArchiveName="seen",
        EventSourceArn="arn:aws:events:eu-central-1:123456789012:event-bus/default",
    )
    redshift.batch("SELECT 1", WithEvent=True, StatementName="load-1")
    redshift.batch("SELECT 1")
    redshift.query("SELECT 1")  # runs behind them, so they have been announced
    assert redshift.events.describe_archive(ArchiveName="seen")["EventCount"] == 1


def test_tokens_split_only_outside_of_literals_and_comments() -> None:
    """The whole translation rests on it."""
    found = dialect.tokens("SELECT 'it''s SUPER' -- SUPER\n, \"a SUPER\"::SUPER")
    assert [token.text for token in found if token.kind != "space"] == [
        "SELECT",
        "'it''s SUPER'",
        ",",
        '"a SUPER"',
        "::",
        "SUPER",
    ]


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
