"""DynamoDB by botocore's client: what differs from our own wire must not be seen by the stores."""

import asyncio
import json
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from runtime.errors import BadInput, Transient
from runtime.stores.aws.clients import Clients, Wire, faults, is_condition
from runtime.stores.aws.dynamodb import DynamoDB
from runtime.stores.aws.service import BotocoreService
from tests.scripted_receiver import Behaviour, Peer, ScriptedReceiver, answer, reset

Put = Callable[..., Any]
TOO_LARGE = "Item size has exceeded the maximum allowed size"


def refusal(code: str, status: int = 400, **more: object) -> Behaviour:
    """A refusal of DynamoDB."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no", **more}
    return answer(status, body=json.dumps(body).encode())


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedReceiver]:
    """What answers in DynamoDB's place."""
    with ScriptedReceiver() as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", made.url(""))
        yield made


def table(receiver: ScriptedReceiver, *, tries: int = 1) -> DynamoDB:
    """DynamoDB by botocore's client."""
    retries: Any = {"mode": "standard", "total_max_attempts": tries}
    client = boto3.client("dynamodb", endpoint_url=receiver.url(""), config=Config(retries=retries))
    return DynamoDB(BotocoreService(client))


@pytest.fixture(params=["a thread", "an event loop"])
def put(request: pytest.FixtureRequest, receiver: ScriptedReceiver) -> Put:
    """A write, by either way to wait."""
    to = table(receiver)

    def write(**item: Any) -> Any:
        with faults("write"):
            if request.param == "a thread":
                return to.put_item(TableName="t", Item=item)
            return asyncio.run(to.put_item_async(TableName="t", Item=item))

    return write


def test_bytes_go_and_come_as_bytes(receiver: ScriptedReceiver, put: Put) -> None:
    """Sealed secrets are bytes, and nobody above should know how they travel."""
    receiver.script("/", answer(body=b'{"Attributes":{"pk":{"B":"aGk="}}}'))

    assert {"B": b"hi"} == put(pk={"B": b"hi"})["Attributes"]["pk"]
    assert {"pk": {"B": "aGk="}} == json.loads(receiver.received[0].body)["Item"]


def test_a_lost_condition_is_told_apart(receiver: ScriptedReceiver, put: Put) -> None:
    """It is an answer, and no fault."""
    receiver.script("/", refusal("ConditionalCheckFailedException"))

    with pytest.raises(ClientError) as raised:
        put()

    assert is_condition(raised.value)


def test_a_cancelled_transaction_says_why(receiver: ScriptedReceiver) -> None:
    """A lost condition and a conflict look the same without the reasons."""
    write = {"Put": {"TableName": "t", "Item": {"pk": {"S": "a"}}}}
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]
    receiver.script("/", refusal("TransactionCanceledException", CancellationReasons=reasons))

    with pytest.raises(ClientError) as raised:
        table(receiver).transact_write_items(TransactItems=[write])

    assert is_condition(raised.value)


@pytest.mark.parametrize(
    ("behaviour", "error", "code"),
    [
        (refusal("ValidationException", message=TOO_LARGE), BadInput, "too_large"),
        (refusal("ThrottlingException"), Transient, "aws_unavailable"),
        (refusal("AccessDeniedException"), Transient, "aws_unavailable"),
        (refusal("InternalServerError", 500), Transient, "aws_unavailable"),
        (answer(503, body=b"<html>busy</html>"), Transient, "aws_unavailable"),
        (reset(), Transient, "aws_unavailable"),
    ],
    ids=["too large", "busy", "denied", "fault", "in front", "reset"],
)
def test_a_failure_means_what_it_means_on_our_own_wire(
    receiver: ScriptedReceiver,
    put: Put,
    behaviour: Behaviour,
    error: type[Exception],
    code: str,
) -> None:
    """Whoever changes the wire must not change who is blamed, and what is tried again."""
    receiver.script("/", behaviour)

    with pytest.raises(error) as raised:
        put()

    assert code == getattr(raised.value, "code", None)


def test_an_answer_that_does_not_match_its_checksum_is_asked_for_again(
    receiver: ScriptedReceiver,
) -> None:
    """By botocore itself; our own wire does the same."""
    good = b'{"Item":{"pk":{"S":"a"}}}'
    receiver.script(
        "/",
        answer(body=good, headers=[("x-amz-crc32", "1")]),
        answer(body=good, headers=[("x-amz-crc32", str(zlib.crc32(good)))]),
    )

    item = table(receiver, tries=2).get_item(TableName="t", Key={"pk": {"S": "a"}})["Item"]

    assert {"pk": {"S": "a"}} == item
    assert 2 == len(receiver.received)


def test_calls_of_an_event_loop_wait_beside_each_other(receiver: ScriptedReceiver) -> None:
    """Ten attempts of a batch are recorded at the same time."""
    together = threading.Barrier(3, timeout=10)

    def behave(peer: Peer) -> bool:
        together.wait()
        return bool(answer(body=b"{}")(peer))

    receiver.script("/", behave)
    to = table(receiver)

    async def write() -> None:
        await asyncio.gather(*(to.put_item_async(TableName="t", Item={}) for _ in range(3)))

    asyncio.run(write())

    assert 3 == len(receiver.received)


@pytest.mark.parametrize(("wire", "agent"), [("direct", ""), ("botocore", "Botocore")])
def test_the_wire_is_the_one_that_was_chosen(
    receiver: ScriptedReceiver, wire: Wire, agent: str
) -> None:
    """Only botocore says which program it is."""
    receiver.script("/", answer(body=b"{}"))

    Clients(wire=wire).tables.get_item(TableName="t", Key={})

    assert agent == (receiver.received[0].header("user-agent") or "").partition("/")[0]


def test_a_proxy_is_no_reason_to_refuse_the_wire_that_speaks_to_it(
    receiver: ScriptedReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is what the sentence that refuses the other wire tells to set."""
    proxied = answer(body=b'{"Item":{"pk":{"S":"by proxy"}}}')
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://dynamodb.example")
    monkeypatch.setenv("HTTP_PROXY", receiver.url(""))
    receiver.script("http://dynamodb.example/", proxied)

    answered = Clients(wire="botocore").tables.get_item(TableName="t", Key={"pk": {"S": "a"}})

    assert {"pk": {"S": "by proxy"}} == answered["Item"]
