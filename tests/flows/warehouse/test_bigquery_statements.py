"""BigQuery's jobs, spoken to over HTTP with a server that follows a script.

No test has met the service itself.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.core.warehouse.dialects import bigquery as bigquery_dialect
from runtime.core.warehouse.plan import StatementState
from runtime.core.warehouse.settings import bigquery
from runtime.errors import BadInput, PenstockError, Permanent, Transient
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse.bigquery.jobs import Jobs
from runtime.stores.warehouse.bigquery.statements import Statements
from runtime.stores.warehouse.http import Send
from runtime.stores.warehouse.waiting import Waiting
from tests.scripted_receiver import ScriptedReceiver
from tests.warehouse import World
from tests.warehouse_http import PEM, claims, says, sending
from tests.warehouse_records import a_transaction, staged_tables
from tests.warehouse_staging import staged

NOW = 1_795_179_845.0
KEY_FILE = json.dumps(
    {"private_key": PEM, "private_key_id": "k1", "client_email": "penstock@shop.example"}
)
PROJECT = bigquery.project({"project": "shop-1", "location": "EU"}, key=KEY_FILE)
UPLOAD = "/upload/bigquery/v2/projects/shop-1/jobs"
JOBS = "/bigquery/v2/projects/shop-1/jobs"
DONE = says(status={"state": "DONE"})
RUNNING = says(status={"state": "RUNNING"})
EXISTS = says(409, error={"message": "Already Exists: Job"})


@pytest.fixture
def service() -> Iterator[ScriptedReceiver]:
    """The service, which answers as a test has told it."""
    with ScriptedReceiver() as receiver:
        yield receiver


@pytest.fixture
def here(service: ScriptedReceiver, world: World, tmp_path: Path) -> Iterator[Statements]:
    """What runs statements there."""
    with sending() as send:
        yield _statements(service, world, tmp_path, send)


def _statements(service: ScriptedReceiver, world: World, folder: Path, send: Send) -> Statements:
    jobs = Jobs(
        project=PROJECT,
        private_key=bigquery.private_key(KEY_FILE),
        send=send,
        now=lambda: NOW,
        api=service.url("").removesuffix("/"),
    )
    bucket = Bucket(client=world.s3, name=world.name)
    return Statements(
        jobs=jobs, bucket=bucket, scratch=folder, waiting=Waiting(pause=lambda _seconds: None)
    )


def _load(manifest: str) -> list[str]:
    (events,) = staged_tables("events")
    copied = bigquery_dialect.DIALECT.copy(
        "stage_events",
        events._replace(uri=manifest, columns=events.columns[:4]),
        a_transaction(schema="acme"),
    )
    return ["LOCK", copied, "MOVE"]


def test_files_are_uploaded_by_load_jobs_and_the_rest_is_one_script(
    here: Statements, service: ScriptedReceiver, world: World, tmp_path: Path
) -> None:
    """The script is the transaction; it must not begin before its rows are there."""
    service.script(UPLOAD, says(location=service.url("/session")))
    service.script("/session", says())
    service.script(f"{JOBS}/l1-1-1", RUNNING, DONE)
    service.script(JOBS, says())
    service.script(f"{JOBS}/l1-1", RUNNING, RUNNING, DONE)

    job = here.submit(_load(staged(world, tmp_path)), name="l1", token="l1-1")
    outcome = here.outcome(job, wait_s=60)

    assert ("l1-1", StatementState.FINISHED) == (job, outcome.state)
    begun, upload, _, _, script, *_ = service.received
    reference = {"projectId": "shop-1", "jobId": "l1-1-1", "location": "EU"}
    assert reference == json.loads(begun.body)["jobReference"]
    load = json.loads(begun.body)["configuration"]["load"]
    assert ("PARQUET", "WRITE_TRUNCATE") == (load["sourceFormat"], load["writeDisposition"])
    table = {"projectId": "shop-1", "datasetId": "acme", "tableId": "_stage_l1_1"}
    assert table == load["destinationTable"]
    assert upload.body == (tmp_path / "x.parquet").read_bytes()
    query = json.loads(script.body)["configuration"]["query"]
    copied = (
        "INSERT INTO stage_events (id, tenant, topic, occurred_at) SELECT CAST(id AS STRING),"
        " CAST(tenant AS STRING), CAST(topic AS STRING), CAST(occurred_at AS TIMESTAMP)"
        " FROM acme._stage_l1_1"
    )
    assert query["query"].split(";\n") == [
        *("BEGIN TRANSACTION", "LOCK", copied, "MOVE", "COMMIT TRANSACTION"),
        "DROP TABLE IF EXISTS acme._stage_l1_1",
        "",
    ]


def test_each_request_has_a_token_that_the_account_has_signed(
    here: Statements, service: ScriptedReceiver
) -> None:
    """Google checks signature, audience and time; a key of another account says so by its id."""
    service.script(f"{JOBS}/l1", DONE)
    here.outcome("l1", wait_s=0)

    (request,) = service.received
    head, said = claims((request.header("authorization") or "").removeprefix("Bearer "))
    assert {"alg": "RS256", "typ": "JWT", "kid": "k1"} == head
    assert said == {
        "iss": "penstock@shop.example",
        "sub": "penstock@shop.example",
        "aud": "https://bigquery.googleapis.com/",
        "iat": int(NOW),
        "exp": int(NOW) + 3600,
    }
    assert f"{JOBS}/l1?location=EU" == request.target


def test_a_load_submitted_again_finds_its_jobs(
    here: Statements, service: ScriptedReceiver, world: World, tmp_path: Path
) -> None:
    """Whoever was killed after a request must not load twice: a job's id is taken once for all."""
    service.script(UPLOAD, EXISTS)
    service.script(JOBS, EXISTS)
    service.script(f"{JOBS}/l1-1-1", DONE)
    service.script(f"{JOBS}/l1-1", DONE)

    job = here.submit(_load(staged(world, tmp_path)), name="l1", token="l1-1")

    assert StatementState.FINISHED is here.outcome(job, wait_s=60).state
    assert [] == [each for each in service.received if each.method == "PUT"]


def test_a_file_that_is_refused_ends_the_load_before_its_script(
    here: Statements, service: ScriptedReceiver, world: World, tmp_path: Path
) -> None:
    """The reason must be the service's own, and no transaction may begin without its rows."""
    refused = {"reason": "invalid", "message": "bad Parquet"}
    service.script(UPLOAD, says(location=service.url("/session")))
    service.script(
        f"{JOBS}/l1-1-1", says(status={"state": "DONE", "errorResult": refused, "errors": []})
    )

    job = here.submit(_load(staged(world, tmp_path)), name="l1", token="l1-1")
    outcome = here.outcome(job, wait_s=60)

    assert (StatementState.FAILED, "invalid bad Parquet") == (outcome.state, outcome.error)
    assert JOBS not in {each.target for each in service.received}


def test_a_job_that_the_service_forgot_is_lost(here: Statements, service: ScriptedReceiver) -> None:
    """Then the table `_loads` is the only witness."""
    service.script(f"{JOBS}/l1", says(404, error={"message": "Not found"}))
    assert StatementState.LOST is here.outcome("l1", wait_s=60).state


def test_a_job_that_outlives_the_wait_goes_on(here: Statements, service: ScriptedReceiver) -> None:
    """The next run of the function looks for its end."""
    service.script(f"{JOBS}/l1", RUNNING)
    assert StatementState.RUNNING is here.outcome("l1", wait_s=0).state


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [(401, Permanent, "permission"), (403, Permanent, "permission"), (503, Transient, None)],
)
def test_a_refusal_is_a_matter_of_rights_or_of_time(
    here: Statements,
    service: ScriptedReceiver,
    status: int,
    kind: type[PenstockError],
    code: str | None,
) -> None:
    """What nobody can cure by trying again must say so at once."""
    service.script(JOBS, says(status, error={"message": "no bigquery.jobs.create"}))
    with pytest.raises(kind, match="no bigquery") as refused:
        here.run(["SELECT 1"], wait_s=1)
    assert (code or "warehouse_failed") == refused.value.code


def test_rows_come_with_their_types(here: Statements, service: ScriptedReceiver) -> None:
    """BigQuery writes each value as a text; a count that stays a text would be compared as one."""
    fields = [
        {"name": "table_name", "type": "STRING"},
        {"name": "rows_in", "type": "INTEGER"},
        {"name": "yes", "type": "BOOLEAN"},
    ]
    row = {"f": [{"v": "events"}, {"v": "12"}, {"v": None}]}
    service.script(
        "/bigquery/v2/projects/shop-1/queries",
        says(jobComplete=True, schema={"fields": fields}, rows=[row]),
        says(jobComplete=False),
    )

    assert [{"table_name": "events", "rows_in": 12, "yes": None}] == here.query("q", wait_s=1)
    with pytest.raises(Transient, match="not complete"):
        here.query("q", wait_s=1)


def test_a_file_that_is_no_key_is_refused_without_a_word_of_it() -> None:
    """It is a secret, or the wrong file, which may be one too."""
    for text in ("{hunter2", '{"private_key": 2}', "[]"):
        with pytest.raises(BadInput) as refused:
            bigquery.private_key(text)
        assert "settings.key" == refused.value.field
        assert "hunter" not in refused.value.message
