"""Calls of AWS by its JSON protocol, against a real server that behaves as it is told."""

import asyncio
import json
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from runtime.errors import BadInput, Transient
from runtime.stores.aws import aws_json
from runtime.stores.aws.aws_json import AwsJson
from runtime.stores.aws.clients import faults, is_condition
from runtime.stores.aws.connections import MAX_HEAD_BYTES
from runtime.stores.aws.dynamodb import DynamoDB
from tests.scripted_receiver import Behaviour, ScriptedReceiver, answer, hang, raw, reset

ITEM = {"Item": {"pk": {"S": "a"}, "body": {"B": "aGk="}}}


class Service:
    """DynamoDB as far as a script plays it; `pauses` are those between tries."""

    def __init__(self, receiver: ScriptedReceiver, loop: asyncio.AbstractEventLoop | None) -> None:
        self.receiver = receiver
        self.loop = loop
        self.pauses: list[float] = []
        client = boto3.client("dynamodb", endpoint_url=receiver.url(""))
        self.dynamodb = DynamoDB.direct(
            client, boto3.Session(), wait=self.pauses.append, rest=self._rest
        )

    async def _rest(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def play(self, *behaviours: Behaviour) -> None:
        """Behave so, in turn."""
        self.receiver.script("/", *behaviours)

    def put(self, item: Any = None) -> Any:
        """One call."""
        with faults("write"):
            return self._put(TableName="t", Item=item or {"pk": {"S": "a"}})

    def _put(self, **request: Any) -> Any:
        if self.loop is None:
            return self.dynamodb.put_item(**request)
        return self.loop.run_until_complete(self.dynamodb.put_item_async(**request))


@pytest.fixture(params=["a thread", "an event loop"])
def loop(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop | None]:
    """Who calls: there are two ways to wait, and all else must be the same."""
    if request.param == "a thread":
        yield None
        return
    with asyncio.Runner() as runner:
        yield runner.get_loop()


@pytest.fixture
def service(
    loop: asyncio.AbstractEventLoop | None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    """A service that answers 200 until it is told otherwise."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-token")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with ScriptedReceiver() as receiver:
        yield Service(receiver, loop)


def ok(value: object) -> Behaviour:
    """An answer of DynamoDB."""
    return answer(body=json.dumps(value).encode())


def summed(body: bytes, checksum: str) -> Behaviour:
    """An answer of DynamoDB under a checksum."""
    return answer(body=body, headers=[("x-amz-crc32", checksum)])


def refusal(code: str, status: int = 400, **more: object) -> Behaviour:
    """A refusal of DynamoDB."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no", **more}
    return answer(status, body=json.dumps(body).encode())


class TestCall:
    """What goes out, and what comes back."""

    def test_a_call_names_its_operation_and_is_signed(self, service: Service) -> None:
        """AWS finds the operation in a header, and refuses what is not signed."""
        service.play(ok({}))

        service.put()

        (request,) = service.receiver.received
        assert "DynamoDB_20120810.PutItem" == request.header("x-amz-target")
        assert "a-token" == request.header("x-amz-security-token")
        assert "AKIATEST" in str(request.header("authorization"))
        assert {"TableName": "t", "Item": {"pk": {"S": "a"}}} == json.loads(request.body)

    def test_bytes_go_and_come_as_bytes(self, service: Service) -> None:
        """JSON has none; DynamoDB takes base64 and nobody else should know."""
        service.play(ok({}), ok(ITEM))

        service.put({"pk": {"S": "a"}, "body": {"B": b"hi"}})

        assert ITEM["Item"] == json.loads(service.receiver.received[0].body)["Item"]
        assert b"hi" == service.put()["Item"]["body"]["B"]

    def test_an_attribute_named_b_is_no_binary_value(self, service: Service) -> None:
        """A map may hold any name."""
        held = {"Item": {"map": {"M": {"B": {"S": "text"}}}}}
        service.play(ok(held))

        assert held == service.put()

    def test_a_connection_is_kept(self, service: Service) -> None:
        """A handshake costs more than the call."""
        service.play(ok({}))

        for _ in range(3):
            service.put()

        assert [1, 1, 1] == [each.connection for each in service.receiver.received]

    def test_a_loop_of_lambdas_can_be_seen(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """AWS stops a function that feeds itself by the trace that its calls carry."""
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "deliver")
        monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2-3;Lineage=4")
        service.play(ok({}))

        service.put()

        (request,) = service.receiver.received
        assert "Root=1-2-3;Lineage=4" == request.header("x-amzn-trace-id")
        # Whoever passes a call on may change the trace; and AWS refuses capitals in this list.
        signed = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
        assert f"SignedHeaders={signed}," in str(request.header("authorization"))


class TestRefusal:
    """What the service says no to."""

    def test_a_lost_condition_is_told_apart(self, service: Service) -> None:
        """It is an answer, and no reason to try again."""
        service.play(refusal("ConditionalCheckFailedException"))

        with pytest.raises(ClientError) as raised:
            service.put()

        assert is_condition(raised.value)
        assert 1 == len(service.receiver.received)

    def test_a_cancelled_transaction_says_why(self, service: Service) -> None:
        """A lost condition and a conflict look the same without the reasons."""
        reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]
        service.play(refusal("TransactionCanceledException", CancellationReasons=reasons))

        with pytest.raises(ClientError) as raised:
            service.dynamodb.transact_write_items(TransactItems=[])

        assert is_condition(raised.value)

    def test_an_item_that_is_too_large_is_the_inputs_fault(self, service: Service) -> None:
        """Trying again would never help."""
        text = "Item size has exceeded the maximum allowed size"
        service.play(refusal("ValidationException", message=text))

        with pytest.raises(BadInput):
            service.put()

    @pytest.mark.parametrize("code", sorted(aws_json.BUSY))
    def test_a_busy_service_is_asked_once_more(self, service: Service, code: str) -> None:
        """After a pause that differs from caller to caller."""
        service.play(refusal(code), ok(ITEM))

        assert b"hi" == service.put()["Item"]["body"]["B"]
        assert 1 == len(service.pauses)
        assert 0 <= service.pauses[0] <= aws_json.MAX_PAUSE_S

    def test_a_service_that_stays_busy_is_left_to_the_queue(self, service: Service) -> None:
        """Tries multiplied by tries make a storm."""
        service.play(refusal("ThrottlingException"))

        with pytest.raises(Transient, match="ThrottlingException"):
            service.put()

        assert aws_json.TRIES == len(service.receiver.received)

    @pytest.mark.parametrize(
        "behaviour",
        [
            refusal("InternalServerError", 500),
            answer(503, body=b"<html>busy</html>"),
            answer(502, body=b"[]"),
            answer(500, body=b""),
        ],
    )
    def test_a_fault_of_the_service_is_transient(
        self, service: Service, behaviour: Behaviour
    ) -> None:
        """Also when something in front of it has answered in words of its own."""
        service.play(behaviour)

        with pytest.raises(Transient):
            service.put()

        assert aws_json.TRIES == len(service.receiver.received)


class TestTrouble:
    """When no answer comes."""

    @pytest.mark.parametrize(
        "behaviours",
        [
            [reset()],
            [raw(b"")],
            [raw(b"no http\r\n\r\n")],
            [raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{")],
            [raw(b"HTTP/1.1 200 OK\r\n\r\n{}")],
            [raw(b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n{}")],
            [raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")],
            [raw(b"HTTP/1.1 100 Continue\r\ncontent-length: 2\r\n\r\n{}")],
            [raw(b"HTTP/1.1 200 OK\r\nx: " + b"x" * MAX_HEAD_BYTES)],
            [answer(body=b"<html>")],
            [answer(body=b"\xff\xfe{")],
            [answer(body=b"")],
            [answer(body=b"[]")],
            [answer(body=b'{"B":"A"}')],
        ],
        ids=[
            "reset",
            "closed",
            "not http",
            "cut off",
            "no length",
            "negative length",
            "chunked",
            "interim",
            "endless head",
            "not JSON",
            "not text",
            "empty",
            "no object",
            "not base64",
        ],
    )
    def test_a_broken_answer_is_asked_for_again(
        self, service: Service, behaviours: Sequence[Behaviour]
    ) -> None:
        """Every write of ours may be made twice."""
        service.play(*behaviours, ok(ITEM))

        assert b"hi" == service.put()["Item"]["body"]["B"]

    @pytest.mark.parametrize("checksum", ["1", "-1", "", "\xb2", "9" * 400])
    def test_an_answer_that_does_not_match_its_checksum_is_asked_for_again(
        self, service: Service, checksum: str
    ) -> None:
        """DynamoDB sums what it says; bits that turned on the way must not become a record."""
        service.play(summed(b'{"Item":{"pk":{"S":"other"}}}', checksum), ok(ITEM))

        assert b"hi" == service.put()["Item"]["body"]["B"]
        assert 1 == len(service.pauses)

    def test_an_answer_that_matches_its_checksum_is_taken_at_once(self, service: Service) -> None:
        """Also when it is a refusal."""
        lost = b'{"__type":"x#ConditionalCheckFailedException"}'
        service.play(
            summed(b"{}", str(zlib.crc32(b"{}"))),
            answer(400, body=lost, headers=[("x-amz-crc32", str(zlib.crc32(lost)))]),
        )

        assert {} == service.put()
        with pytest.raises(ClientError, match="ConditionalCheckFailed"):
            service.put()
        assert [] == service.pauses

    def test_a_service_whose_checksums_stay_wrong_is_transient(self, service: Service) -> None:
        """The message comes back; a garbled answer is believed on no try."""
        service.play(summed(b"{}", "1"))

        with pytest.raises(Transient) as raised:
            service.put()

        assert "aws_unavailable" == raised.value.code
        assert aws_json.TRIES == len(service.receiver.received)

    def test_no_answer_at_all_is_transient(self, service: Service) -> None:
        """The message comes back, and nobody is blamed."""
        service.play(reset())

        with pytest.raises(Transient) as raised:
            service.put()

        assert "aws_unavailable" == raised.value.code

    def test_a_silent_service_is_given_up(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A worker must not hang with it."""
        monkeypatch.setattr(aws_json, "READ_TIMEOUT_S", 0.1)
        patient = Service(service.receiver, service.loop)
        patient.play(hang())

        with pytest.raises(Transient):
            patient.put()

    def test_a_connection_that_was_closed_in_the_meantime_is_replaced(
        self, service: Service
    ) -> None:
        """A Lambda that was frozen for an hour must not spend its tries on old connections."""
        said_it_ends = answer(body=b"{}", headers=[("connection", "close")])
        service.play(said_it_ends, ok(ITEM))

        service.put()

        assert b"hi" == service.put()["Item"]["body"]["B"]
        assert [] == service.pauses
        assert [1, 2] == [each.connection for each in service.receiver.received]

    def test_without_credentials_nothing_is_sent(self, service: Service) -> None:
        """An unsigned call would be refused with a riddle."""

        class Nobody:
            def get_credentials(self) -> None:
                return None

        client = boto3.client("dynamodb", endpoint_url=service.receiver.url(""))
        stranger = AwsJson(client, Nobody(), target="DynamoDB_20120810")

        with pytest.raises(Transient, match="NoCredentials"), faults("read"):
            stranger.call("GetItem", {})

        assert [] == service.receiver.received

    def test_trouble_does_not_tell_the_key(self, service: Service) -> None:
        """Errors are logged."""
        service.play(reset())

        with pytest.raises(Transient) as raised:
            service.put()

        cause = raised.value.__cause__
        assert "very-secret" not in f"{raised.value!r} {cause!r} {cause}"
        assert "a-token" not in f"{raised.value!r} {cause!r} {cause}"
