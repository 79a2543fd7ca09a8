"""Snowflake's SQL API, spoken to over HTTP with a server that follows a script.

No test has met the service itself.
"""

import base64
import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from runtime.core.warehouse import sql
from runtime.core.warehouse.dialects import snowflake as dialect
from runtime.core.warehouse.plan import StatementState
from runtime.core.warehouse.settings import snowflake
from runtime.errors import PenstockError, Permanent, Transient
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse.snowflake.statements import Statements
from runtime.stores.warehouse.waiting import Waiting
from tests.scripted_receiver import ScriptedReceiver
from tests.warehouse import World
from tests.warehouse_http import KEY, PEM, claims, says, sending
from tests.warehouse_records import a_transaction, staged_tables
from tests.warehouse_staging import staged

NOW = 1_795_179_845.0
ACCOUNT = snowflake.account(
    {
        "account": "Shop_org-main.eu-central-1",
        "database": "ANALYTICS",
        "warehouse": "LOADING",
        "role": "PENSTOCK",
        "stage": "ANALYTICS.PUBLIC.PENSTOCK",
        "user": "loader",
    }
)
API = "/api/v2/statements"
COPIED = (
    "COPY INTO stage_events (id) FROM (SELECT $1:id::VARCHAR FROM"
    " @ANALYTICS.PUBLIC.PENSTOCK/stage/x.parquet)"
    " FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE)"
)
RUNNING = says(202, statementHandle="h1")
DONE = says(statementHandle="h1")
FAILED = says(422, statementHandle="h1", code="100038", message="'already loaded l1' is no number")


@pytest.fixture
def service() -> Iterator[ScriptedReceiver]:
    """The service, which answers as a test has told it."""
    with ScriptedReceiver() as receiver:
        yield receiver


@dataclass
class Folder:
    """The folder of the account's external stage."""

    files: dict[str, bytes] = field(default_factory=dict)

    def put(self, key: str, body: bytes) -> None:
        """Store a file there."""
        self.files[key] = body


@pytest.fixture
def folder() -> Folder:
    """Where Snowflake reads staged files."""
    return Folder()


@pytest.fixture
def here(service: ScriptedReceiver, world: World, folder: Folder) -> Iterator[Statements]:
    """What runs statements there."""
    with sending() as send:
        yield Statements(
            account=ACCOUNT,
            private_key=PEM,
            schema="acme",
            bucket=Bucket(client=world.s3, name=world.name),
            stage=folder,
            send=send,
            now=lambda: NOW,
            waiting=Waiting(pause=lambda _seconds: None),
            api=service.url("").removesuffix("/"),
        )


def test_a_load_is_one_request_that_may_be_sent_again(
    service: ScriptedReceiver, here: Statements
) -> None:
    """Whoever was killed after the request must find it, and not load a second time."""
    service.script(API, RUNNING)
    service.script(f"{API}/h1", RUNNING, DONE)

    for _ in range(2):
        assert "h1" == here.submit(["LOCK", "GUARD"], name="l1", token="l1-1")
    other = here.submit(["LOCK", "GUARD"], name="l1", token="l1-2")

    assert StatementState.FINISHED is here.outcome(other, wait_s=60).state
    first, second, third = (each for each in service.received if each.method == "POST")
    assert first.target == second.target != third.target
    query = dict(part.split("=") for part in first.target.partition("?")[2].split("&"))
    assert 5 == uuid.UUID(query.pop("requestId")).version
    assert {"retry": "true", "async": "true"} == query
    body = json.loads(first.body)
    assert "USE SCHEMA acme;\nBEGIN;\nLOCK;\nGUARD;\nCOMMIT" == body["statement"]
    assert "5" == body["parameters"]["MULTI_STATEMENT_COUNT"]
    assert ("ANALYTICS", "LOADING", "PENSTOCK") == tuple(
        body[name] for name in ("database", "warehouse", "role")
    )


def test_each_request_is_signed_by_the_users_key(
    service: ScriptedReceiver, here: Statements
) -> None:
    """The account is named in upper case and without its region, or the login fails."""
    service.script(f"{API}/h1", DONE)
    here.outcome("h1", wait_s=0)

    (request,) = service.received
    _, said = claims((request.header("authorization") or "").removeprefix("Bearer "))
    der = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    fingerprint = base64.b64encode(hashlib.sha256(der).digest()).decode()
    assert said == {
        "iss": f"SHOP_ORG-MAIN.LOADER.SHA256:{fingerprint}",
        "sub": "SHOP_ORG-MAIN.LOADER",
        "iat": int(NOW),
        "exp": int(NOW) + 3000,
    }
    assert "KEYPAIR_JWT" == request.header("x-snowflake-authorization-token-type")
    assert "shop-org-main.eu-central-1.snowflakecomputing.com" == ACCOUNT.host


def test_a_transaction_that_failed_is_told_in_snowflakes_words(
    service: ScriptedReceiver, here: Statements
) -> None:
    """The guard's complaint is how a second loader learns that the first was there."""
    service.script(API, FAILED)
    service.script(f"{API}/h1", FAILED)
    service.script(f"{API}/h2", says(404))

    outcome = here.outcome(here.submit(["x"], name="l1", token="l1-1"), wait_s=60)

    assert StatementState.FAILED is outcome.state
    assert "100038 'already loaded l1' is no number" == outcome.error
    assert StatementState.LOST is here.outcome("h2", wait_s=60).state


def test_a_statement_that_outlives_the_wait_goes_on(
    service: ScriptedReceiver, here: Statements
) -> None:
    """The next run of the function looks for its end."""
    service.script(f"{API}/h1", RUNNING)
    assert StatementState.RUNNING is here.outcome("h1", wait_s=0).state


def test_rows_come_with_their_types_and_names_in_lower_case(
    service: ScriptedReceiver, here: Statements
) -> None:
    """Snowflake shouts its names, and writes each number as a text."""
    described = {
        "rowType": [
            {"name": "TABLE_NAME", "type": "text"},
            {"name": "ROWS_IN", "type": "fixed", "scale": 0},
            {"name": "YES", "type": "boolean"},
        ],
        "partitionInfo": [{}],
    }
    service.script(API, RUNNING)
    service.script(
        f"{API}/h1",
        RUNNING,
        DONE,
        says(resultSetMetaData=described, data=[["events", "12", None]]),
    )

    rows = here.query("SELECT", wait_s=60)

    assert [{"table_name": "events", "rows_in": 12, "yes": None}] == rows


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [(401, Permanent, "permission"), (422, Transient, "warehouse_failed")],
)
def test_a_refusal_is_a_matter_of_rights_or_of_time(
    service: ScriptedReceiver,
    here: Statements,
    status: int,
    kind: type[PenstockError],
    code: str,
) -> None:
    """What nobody can cure by trying again must say so at once."""
    service.script(API, says(status, code="390144", message="JWT token is invalid"))
    with pytest.raises(kind, match="JWT token is invalid") as refused:
        here.run(["SELECT 1"], wait_s=1)
    assert code == refused.value.code


def test_stages_are_filled_from_the_accounts_own_bucket_before_the_transaction_begins(
    service: ScriptedReceiver, here: Statements, folder: Folder, world: World, tmp_path: Path
) -> None:
    """To make a table commits a transaction, and no account reads a bucket of ours."""
    service.script(API, RUNNING)
    (events,) = staged_tables("events")
    events = events._replace(uri=staged(world, tmp_path), columns=events.columns[:1])
    statements = sql.load_statements(dialect.DIALECT, a_transaction(schema="acme"), [events])

    here.submit(statements, name="l1", token="l1-1")

    (request,) = service.received
    told = json.loads(request.body)["statement"].split(";\n")
    assert told[:4] == [
        "USE SCHEMA acme",
        "CREATE TEMPORARY TABLE stage_events (id VARCHAR)",
        COPIED,
        "BEGIN",
    ]
    assert told[4].startswith("UPDATE acme._loads")
    assert "COMMIT" == told[-1]
    assert {"stage/x.parquet": (tmp_path / "x.parquet").read_bytes()} == folder.files


def test_a_key_that_is_none_is_refused_without_a_word_of_it(here: Statements) -> None:
    """A key with a password, or of another kind, is what people paste first."""
    with pytest.raises(Permanent) as refused:
        replace(here, private_key="hunter2").query("SELECT 1", wait_s=1)
    assert "bad_key" == refused.value.code
    assert "hunter" not in refused.value.message
