"""Calls of our own wire when this machine's clock is wrong."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from runtime.stores.aws.dynamodb import DynamoDB
from tests.scripted_receiver import ScriptedReceiver, answer
from tests.signed_server import ACCESS_KEY, SECRET, SignedServer, signed_server

REFUSED = "InvalidSignatureException"
pytestmark = pytest.mark.usefixtures("_key")


@pytest.fixture
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@contextmanager
def table_of(server: SignedServer) -> Iterator[DynamoDB]:
    """Our wire to this server; it never pauses."""
    with signed_server(server):
        yield wire(server.url)


def wire(url: str) -> DynamoDB:
    """Our wire to a server, without a pause."""
    pauses: list[float] = []
    client = boto3.client("dynamodb", endpoint_url=url)
    return DynamoDB.direct(client, boto3.Session(), wait=pauses.append)


def put(table: DynamoDB) -> None:
    """A call."""
    table.put_item(TableName="t", Item={"pk": {"S": "a"}})


@pytest.mark.parametrize("hours", [-30.0, -0.2, 0.2, 30.0])
def test_a_wrong_clock_is_set_by_the_servers_once(hours: float) -> None:
    """A machine whose clock is off must not fail for ever; the offset is kept for later calls."""
    server = SignedServer(ahead=timedelta(hours=hours))
    with table_of(server) as table:
        put(table)
        put(table)
        asyncio.run(table.put_item_async(TableName="t", Item={}))

    assert [REFUSED, "taken", "taken", "taken"] == server.said


def test_a_clock_that_moves_again_is_set_again() -> None:
    """The machine may ask a time server meanwhile, and then the offset is what is wrong."""
    server = SignedServer(ahead=timedelta(hours=3))
    with table_of(server) as table:
        put(table)
        server.ahead = timedelta()
        put(table)

    assert [REFUSED, "taken", REFUSED, "taken"] == server.said


def test_calls_that_were_refused_together_are_all_made_again() -> None:
    """The first refusal sets the clock; the others were signed before, and come to know it too."""
    server = SignedServer(ahead=timedelta(hours=1))

    async def together(table: DynamoDB) -> None:
        calls = (table.put_item_async(TableName="t", Item={}) for _ in range(5))
        await asyncio.gather(*calls)

    with table_of(server) as table:
        asyncio.run(together(table))

    assert [REFUSED] * 5 + ["taken"] * 5 == sorted(server.said)


def test_a_wrong_secret_is_no_wrong_clock() -> None:
    """The same code means both; where the clocks agree, asking again would change nothing."""
    server = SignedServer(secret="another")
    with table_of(server) as table, pytest.raises(ClientError, match=REFUSED):
        put(table)

    assert [REFUSED] == server.said


def test_a_wrong_secret_and_a_wrong_clock_are_refused_after_one_more_call() -> None:
    """The answer to the second signature is the last word."""
    server = SignedServer(secret="another", ahead=timedelta(hours=1))
    with table_of(server) as table, pytest.raises(ClientError, match=REFUSED):
        put(table)

    assert [REFUSED, REFUSED] == server.said


def test_a_refusal_without_a_date_stands() -> None:
    """There is nothing to set a clock by."""
    server = SignedServer(says_date=False, ahead=timedelta(hours=1))
    with table_of(server) as table, pytest.raises(ClientError, match=REFUSED):
        put(table)

    assert [REFUSED] == server.said


@pytest.mark.parametrize("date", ["yesterday", "", "Fri, 99 Nov 2026 13:04:05 GMT", "9" * 400])
def test_a_refusal_with_a_date_that_is_none_stands(date: str) -> None:
    """A header is a stranger's text."""
    body = b'{"__type":"x#RequestTimeTooSkewed"}'
    with ScriptedReceiver() as receiver:
        receiver.script("/", answer(403, body=body, headers=[("date", date)]))
        with pytest.raises(ClientError, match="RequestTimeTooSkewed"):
            put(wire(receiver.url("")))

        assert 1 == len(receiver.received)


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize(
    "code", ["RequestTimeTooSkewed", "InvalidSignatureException", "RequestExpired"]
)
def test_each_of_awss_words_for_it_is_heard(status: int, code: str) -> None:
    """Services differ in the code and in the status."""
    date = ("date", "Fri, 20 Nov 2020 13:04:05 GMT")
    body = f'{{"__type":"com.amazon.coral.service#{code}"}}'.encode()
    with ScriptedReceiver() as receiver:
        receiver.script("/", answer(status, body=body, headers=[date]), answer(body=b"{}"))
        put(wire(receiver.url("")))

        first, second = (each.header("x-amz-date") or "" for each in receiver.received)
        assert not first.startswith("20201120T")
        assert second.startswith("20201120T1304")


def test_another_refusal_sets_no_clock() -> None:
    """What has nothing to do with time is the caller's to judge."""
    date = ("date", "Fri, 20 Nov 2020 13:04:05 GMT")
    body = b'{"__type":"x#ConditionalCheckFailedException"}'
    with ScriptedReceiver() as receiver:
        receiver.script("/", answer(400, body=body, headers=[date]))
        with pytest.raises(ClientError, match="ConditionalCheckFailed"):
            put(wire(receiver.url("")))

        assert 1 == len(receiver.received)
