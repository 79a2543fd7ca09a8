"""A pool of Azure Synapse, spoken to over TDS and TLS with a server that follows a script.

No test has met the service itself.
"""

import logging
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from runtime.core.warehouse import sql
from runtime.core.warehouse.dialects import synapse as dialect
from runtime.core.warehouse.plan import StatementState
from runtime.core.warehouse.settings import synapse
from runtime.core.warehouse.settings.synapse import Container, Pool
from runtime.errors import PenstockError, Permanent, Transient
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse.synapse.connection import Dialling
from runtime.stores.warehouse.synapse.container import Blobs
from runtime.stores.warehouse.synapse.statements import Statements
from runtime.stores.warehouse.synapse.transport import tls_context
from tests.certificates import Authority
from tests.scripted_receiver import ScriptedReceiver, answer
from tests.tds_server import DONE, TdsServer, error, routed, rows
from tests.warehouse import World
from tests.warehouse_http import sending
from tests.warehouse_records import a_transaction, staged_tables
from tests.warehouse_staging import staged

HOST = "shop.sql.example.com"
PASSWORD = "hunter2 and more"
SIGNATURE = "sv=2021-08-06&sr=c&sp=rcw&sig=hunter3%2Bmore%3D"
CONTAINER = Container(account="shop", name="stage", prefix="penstock/")
KEY = "stage/x.parquet"
COPIED = (
    "COPY INTO #stage_events (id, hops) FROM"
    f" 'https://shop.blob.core.windows.net/stage/penstock/{KEY}' WITH (FILE_TYPE = 'PARQUET',"
    f" CREDENTIAL = (IDENTITY = 'Shared Access Signature', SECRET = '{SIGNATURE}'))"
)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who has certified the server."""
    return Authority.create(tmp_path)


@pytest.fixture
def server(authority: Authority) -> Iterator[TdsServer]:
    """The pool, which takes every statement unless a test tells it otherwise."""
    with TdsServer(authority.server(HOST)).listening() as listening:
        yield listening


@pytest.fixture
def dialling(authority: Authority, server: TdsServer, tmp_path: Path) -> Dialling:
    """How the pool is reached."""
    roots = tmp_path / "roots.pem"
    roots.write_text(authority.pem)
    return Dialling(
        pool=Pool(host=HOST, database="pool", user="loader", port=server.port),
        password=PASSWORD,
        addresses=("127.0.0.1",),
        trust=lambda: tls_context(str(roots)),
    )


@pytest.fixture
def storage() -> Iterator[ScriptedReceiver]:
    """The storage account, which stores every file."""
    with ScriptedReceiver() as receiver:
        receiver.script(f"/{KEY}", answer(201))
        yield receiver


@pytest.fixture
def here(
    dialling: Dialling, storage: ScriptedReceiver, world: World, tmp_path: Path
) -> Iterator[Statements]:
    """What runs statements there."""
    with sending() as send:
        yield Statements(
            connect=dialling.connect,
            bucket=Bucket(client=world.s3, name=world.name),
            blobs=Blobs(container=CONTAINER, signature=SIGNATURE, send=send, api=storage.url("/")),
            scratch=tmp_path,
        )


def _load(world: World, folder: Path) -> list[str]:
    (events,) = staged_tables("events")
    columns = tuple(events.table.column(name) for name in ("id", "hops"))
    uri = staged(world, folder, "SELECT 'é' AS id, 3::SMALLINT AS hops")
    events = events._replace(uri=uri, columns=columns)
    transaction = a_transaction(schema="acme")
    return list(sql.load_statements(dialect.DIALECT, transaction, [events]))


def test_stages_are_filled_before_the_transaction_begins(
    server: TdsServer, here: Statements, world: World, tmp_path: Path
) -> None:
    """No transaction of a pool may make a table; a stage belongs to the connection."""
    token = here.submit(_load(world, tmp_path), name="l1", token="l1-1")

    assert StatementState.FINISHED is here.outcome(token, wait_s=0).state
    made, copied, begin, lock, guard, *_, commit = server.statements
    assert made.startswith("CREATE TABLE #stage_events (id NVARCHAR(128) COLLATE")
    assert COPIED == copied
    assert ("BEGIN TRANSACTION", "COMMIT TRANSACTION") == (begin, commit)
    assert "UPDATE acme._loads SET versions = versions" == lock
    assert guard.startswith("SELECT CAST(N'already loaded ' + MAX(load_id) AS INT)")
    assert 1 == len(server.logins)
    other = replace(here, _outcomes={})
    assert StatementState.LOST is other.outcome(token, wait_s=0).state


def test_a_staged_file_holds_every_value_as_text(
    storage: ScriptedReceiver, here: Statements, world: World, tmp_path: Path
) -> None:
    """COPY fails where it expects another type of Parquet than the file has."""
    here.submit(_load(world, tmp_path), name="l1", token="l1-1")

    (request,) = storage.received
    assert ("PUT", f"/{KEY}?{SIGNATURE}") == (request.method, request.target)
    assert "BlockBlob" == request.header("x-ms-blob-type")
    file = tmp_path / "sent.parquet"
    file.write_bytes(request.body)
    assert [("é", "3")] == duckdb.read_parquet(str(file)).fetchall()


def test_no_secret_is_shown(
    server: TdsServer,
    here: Statements,
    world: World,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The driver writes how statements begin, and a server may repeat what it was told."""
    statements = _load(world, tmp_path)
    server.answer = lambda each: error(105215, f"bad: {each}") if "COPY" in each else DONE

    with caplog.at_level(logging.INFO):
        token = here.submit(statements, name="l1", token="l1-1")

    outcome = here.outcome(token, wait_s=0)
    shown = f"{outcome.error} {caplog.text} {here!r} {statements} {token}"
    assert "105215 bad: COPY INTO" in outcome.error
    assert "hunter" not in shown
    assert "COPY INTO" not in caplog.text


@pytest.mark.parametrize(
    ("number", "text", "state", "category"),
    [
        (245, "Conversion failed: 'already loaded l1'", "failed", "already_loaded"),
        (229, "The SELECT permission was denied", "failed", "permission"),
        (208, "Invalid object name", "failed", "missing_table"),
        (1205, "deadlock victim", "failed", "busy"),
        (2628, "String or binary data would be truncated", "failed", "data"),
        (99999, "something else", "failed", "unknown"),
        (None, "the connection ends", "lost", "unknown"),
    ],
)
def test_a_transaction_that_fails_tells_the_servers_number(
    server: TdsServer, here: Statements, number: int | None, text: str, state: str, category: str
) -> None:
    """And whoever got no answer does not know whether it was committed."""
    tokens = b"" if number is None else error(number, text)
    server.answer = lambda each: tokens if each == "GUARD" else DONE

    token = here.submit(["LOCK", "GUARD", "ENTER"], name="l1", token="l1-1")

    outcome = here.outcome(token, wait_s=0)
    assert (state, category) == (outcome.state, dialect.categorize(outcome.error))
    assert ["BEGIN TRANSACTION", "LOCK", "GUARD"] == server.statements


def test_what_makes_a_table_runs_outside_of_a_transaction(
    server: TdsServer, here: Statements
) -> None:
    """A pool refuses it there; all else that is run commits as a whole."""
    made = list(sql.create_statements(dialect.DIALECT, schema="acme"))
    here.run(made, wait_s=1)
    here.run(["DELETE FROM t"], wait_s=1)

    assert [*made, "BEGIN TRANSACTION", "DELETE FROM t", "COMMIT TRANSACTION"] == server.statements
    server.answer = lambda _: error(2705, "specified more than once")
    with pytest.raises(Transient) as failed:
        here.run(["ALTER TABLE t ADD c INT"], wait_s=1)
    assert "column_exists" == dialect.categorize(failed.value.message.partition(": ")[2])


def test_rows_come_by_the_names_of_their_columns(server: TdsServer, here: Statements) -> None:
    """The ledger in the pool decides whether a load has happened."""
    server.answer = lambda _: rows("table_name", "rows_in", ("events", 12), ("profiles", 2**40))

    got = here.query("SELECT", wait_s=1)

    assert [
        {"table_name": "events", "rows_in": 12},
        {"table_name": "profiles", "rows_in": 2**40},
    ] == got
    server.answer = lambda _: error(208, "Invalid object name")
    with pytest.raises(Transient, match="208 Invalid object name"):
        here.query("SELECT", wait_s=1)


def _other_name(server: TdsServer, authority: Authority) -> None:
    server.context = authority.server("other.example.com")


def _plain(server: TdsServer, _authority: Authority) -> None:
    server.encryption = 2


@pytest.mark.parametrize("spoil", [_other_name, _plain])
def test_no_login_goes_to_whom_we_cannot_verify(
    server: TdsServer,
    authority: Authority,
    dialling: Dialling,
    spoil: Callable[[TdsServer, Authority], None],
) -> None:
    """Somebody on the way could read the password."""
    spoil(server, authority)
    with pytest.raises(Transient) as failed:
        dialling.connect()
    assert "warehouse_unreachable" == failed.value.code
    assert [] == server.logins


@pytest.mark.parametrize(
    ("tokens", "kind", "code"),
    [
        (error(18456, f"Login failed {PASSWORD}"), Permanent, "permission"),
        (error(40613, "not currently available"), Transient, "warehouse_unreachable"),
        (routed("127.0.0.1", 1), Transient, "warehouse_unreachable"),
        (b"\x01nonsense", Transient, "warehouse_unreachable"),
    ],
    ids=["refused", "unavailable", "sent elsewhere", "not TDS"],
)
def test_a_login_that_is_refused_or_sent_elsewhere_is_told(
    server: TdsServer, dialling: Dialling, tokens: bytes, kind: type[PenstockError], code: str
) -> None:
    """Where a server sends the login, nobody has vetted the address."""
    server.login = tokens
    with pytest.raises(kind) as refused:
        dialling.connect()
    assert code == refused.value.code
    assert "hunter" not in refused.value.message
    assert "None" not in refused.value.message


def test_a_login_names_the_host_and_hides_the_password(
    server: TdsServer, dialling: Dialling
) -> None:
    """Azure finds the pool by the name of the server."""
    dialling.connect().close()

    (login,) = server.logins
    assert HOST.encode("utf-16-le") in login
    assert PASSWORD.encode("utf-16-le") not in login
    assert 0x74000004 == struct.unpack_from("<I", login, 4)[0]


@pytest.mark.parametrize(("status", "kind"), [(403, Permanent), (503, Transient)])
def test_a_container_that_takes_no_file_is_told_without_the_signature(
    storage: ScriptedReceiver,
    here: Statements,
    world: World,
    tmp_path: Path,
    status: int,
    kind: type[PenstockError],
) -> None:
    """Signatures expire; then somebody has to make another."""
    told = answer(status, headers=[("x-ms-error-code", "SomeCode")], body=SIGNATURE.encode())
    storage.script(f"/{KEY}", told)

    with pytest.raises(kind, match=f"store a staged file: {status} SomeCode") as refused:
        here.submit(_load(world, tmp_path), name="l1", token="l1-1")

    assert "hunter" not in refused.value.message


def test_a_staged_file_of_another_size_is_not_loaded(
    here: Statements, world: World, tmp_path: Path
) -> None:
    """Rows that are missing there would be missing for good."""
    statements = _load(world, tmp_path)
    staged(world, tmp_path, size_bytes=1)

    outcome = here.outcome(here.submit(statements, name="l1", token="l1-1"), wait_s=0)

    assert "missing_file" == dialect.categorize(outcome.error)


def test_a_signature_is_taken_with_its_question_mark() -> None:
    """The portal of Azure shows it so."""
    assert SIGNATURE == synapse.signature(f"?{SIGNATURE}") == synapse.signature(SIGNATURE)
