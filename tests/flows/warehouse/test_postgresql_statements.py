"""Transactions on a real PostgreSQL: what commits, what fails, and what nobody knows."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.core.warehouse.plan import StatementState
from runtime.core.warehouse.settings import postgresql as settings
from runtime.core.warehouse.settings import setting
from runtime.errors import Permanent, Transient
from runtime.stores.aws.s3 import Bucket
from runtime.stores.warehouse.postgresql.connection import Dialling
from runtime.stores.warehouse.postgresql.statements import Statements
from tests.certificates import Authority
from tests.postgresql_server import PASSWORD, TLS_NAME, PostgresqlServer
from tests.warehouse import World
from tests.warehouse_staging import staged

LOCK = "LOCK TABLE _loads"
GUARD = (
    "SELECT CAST('already loaded ' || MAX(load_id) AS INTEGER) AS fresh"
    " FROM _loads WHERE load_id = 'l1'"
)
ENTER = "INSERT INTO _loads VALUES ('l1')"


def _dialling(server: PostgresqlServer, database: str, **changes: str) -> Dialling:
    given = setting.read({**server.settings(database), **changes}, settings.SETTINGS)
    return Dialling(
        server=settings.server(given.shown),
        password=given.sealed["password"],
        addresses=("127.0.0.1",),
        is_plain=given.shown["host"] == "127.0.0.1",
    )


@pytest.fixture
def statements(
    postgresql: PostgresqlServer, database: str, world: World, tmp_path: Path
) -> Callable[[], Statements]:
    """Makes what runs statements in one process, on a database with a ledger."""
    bucket = Bucket(client=world.s3, name=world.name)
    dialling = _dialling(postgresql, database)

    def process() -> Statements:
        return Statements(connect=dialling.connect, bucket=bucket, scratch=tmp_path)

    process().run(["CREATE TABLE _loads (load_id text)"], wait_s=1)
    return process


def test_a_transaction_commits_whole_or_not_at_all(statements: Callable[[], Statements]) -> None:
    """The ledger row is the witness of the rows beside it."""
    here = statements()

    done = here.outcome(here.submit([LOCK, GUARD, ENTER], name="l1", token="l1-1"), wait_s=0)
    again = here.outcome(here.submit([LOCK, ENTER, GUARD], name="l1", token="l1-2"), wait_s=0)

    assert StatementState.FINISHED is done.state
    assert StatementState.FAILED is again.state
    assert '22P02 invalid input syntax for type integer: "already loaded l1"' == again.error
    assert [{"load_id": "l1"}] == here.query("SELECT load_id FROM _loads", wait_s=1)
    assert StatementState.LOST is statements().outcome("l1-1", wait_s=0).state


def test_two_loaders_at_once_load_once(statements: Callable[[], Statements]) -> None:
    """The second waits for the lock, and its guard sees what the first has committed."""
    barrier, states = threading.Barrier(4), []

    def load(number: int) -> None:
        here = statements()
        barrier.wait()
        token = here.submit([LOCK, GUARD, ENTER], name="l1", token=str(number))
        states.append(here.outcome(token, wait_s=0).state)

    threads = [threading.Thread(target=load, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ["failed"] * 3 + ["finished"] == sorted(states)
    assert [{"load_id": "l1"}] == statements().query("SELECT load_id FROM _loads", wait_s=1)


def test_values_arrive_as_they_werestaged(
    statements: Callable[[], Statements], world: World, tmp_path: Path
) -> None:
    """Quotes, lines, commas, an empty text and none at all are five different things."""
    manifest = staged(
        world,
        tmp_path,
        """SELECT * FROM (VALUES
            ('a', 'x,"y"', TIMESTAMP '2026-11-20 13:04:05.123456', true, 5),
            ('b', '', NULL, false, NULL), ('c', NULL, NULL, NULL, -1),
            ('d', e'l\\nm\\\\N', NULL, NULL, 0), ('e', 'é𝄞', NULL, NULL, 0)
        ) AS t(id, words, since, yes, n)""",
    )
    here = statements()
    table = "CREATE TABLE t (n bigint, id text, words text, since timestamptz, yes boolean)"

    state = here.outcome(
        here.submit(
            [table, f"COPY t (id, words, since, yes, n)\nFROM '{manifest}'"], name="x", token="x"
        ),
        wait_s=0,
    )

    assert (StatementState.FINISHED, "") == (state.state, state.error)
    rows = here.query("SELECT id, words, since::text AS since, yes, n FROM t ORDER BY id", wait_s=1)
    assert [tuple(row.values()) for row in rows] == [
        ("a", 'x,"y"', "2026-11-20 13:04:05.123456+00", True, 5),
        ("b", "", None, False, None),
        ("c", None, None, None, -1),
        ("d", "l\nm\\N", None, None, 0),
        ("e", "é𝄞", None, None, 0),
    ]


@pytest.mark.parametrize("flaw", ["no manifest", "no file", "another size"])
def test_a_missing_or_changed_file_fails_the_whole_load(
    statements: Callable[[], Statements], world: World, tmp_path: Path, flaw: str
) -> None:
    """A load that takes what is there would lose the rest without a word."""
    size = 1 if flaw == "another size" else None
    manifest = staged(world, tmp_path, "SELECT 'a' AS id", size_bytes=size)
    if flaw != "another size":
        key = "manifest/x.json" if flaw == "no manifest" else "stage/x.parquet"
        world.s3.delete_object(Bucket=world.name, Key=key)
    here = statements()

    copy = ["CREATE TABLE t (id text)", ENTER, f"COPY t (id) FROM '{manifest}'"]
    outcome = here.outcome(here.submit(copy, name="l1", token="x"), wait_s=0)

    assert StatementState.FAILED is outcome.state
    assert outcome.error.startswith("58P01 ")
    assert [] == here.query("SELECT load_id FROM _loads", wait_s=1)


def test_a_connection_that_breaks_leaves_nothing_behind(
    statements: Callable[[], Statements],
) -> None:
    """A server that goes down in the middle has committed nothing; the next attempt begins anew."""
    here = statements()
    kill = "SELECT pg_terminate_backend(pg_backend_pid())"

    broken = here.outcome(here.submit([LOCK, ENTER, kill], name="l1", token="x"), wait_s=0)

    assert broken.state in {StatementState.FAILED, StatementState.LOST}
    assert [] == here.query("SELECT load_id FROM _loads", wait_s=1)


def test_a_refused_login_is_a_matter_of_rights_and_shows_no_password(
    postgresql: PostgresqlServer, database: str
) -> None:
    """Trying again helps nobody until somebody changes the password."""
    with pytest.raises(Permanent) as refused:
        _dialling(postgresql, database, password="wrong-hunter2").connect()

    assert "permission" == refused.value.code
    assert "hunter2" not in refused.value.message
    assert PASSWORD not in repr(_dialling(postgresql, database))


def test_a_server_is_trusted_by_its_certificate_alone(
    postgresql: PostgresqlServer, database: str, tmp_path: Path
) -> None:
    """Who stands between us and the server must learn neither password nor rows."""
    with _dialling(postgresql, database, host=TLS_NAME).connect() as connection:
        assert connection.info.pgconn.ssl_in_use

    stranger = Authority.create(tmp_path).pem
    for changes in ({"tls_root": stranger}, {"tls_root": ""}, {"host": "other.example.com"}):
        with pytest.raises(Transient, match=r"certificate|SSL error") as refused:
            _dialling(postgresql, database, **{"host": TLS_NAME} | changes).connect()
        assert "warehouse_unreachable" == refused.value.code


def test_a_failed_question_says_so(statements: Callable[[], Statements]) -> None:
    """An empty answer would be read as a load that never happened."""
    with pytest.raises(Transient, match="42P01"):
        statements().query("SELECT * FROM nothing", wait_s=1)
    with pytest.raises(Transient, match="42601"):
        statements().run(["SELEC"], wait_s=1)
