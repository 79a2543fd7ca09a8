"""What AWS answers when it takes only some, or none, or nonsense comes back."""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from runtime.errors import BadInput, Transient
from runtime.stores import bus
from runtime.stores.aws import clients as aws
from runtime.stores.bus import Bus
from runtime.stores.functions.sandbox_function import SandboxFunction
from runtime.stores.queues import Outgoing, Queue
from runtime.stores.tables.table import MAX_BATCH_TRIES, Table
from tests.builders import TENANT, an_event


def refusal(code: str, message: str = "", **more: Any) -> ClientError:
    """AWS's own way to say no."""
    answer = {"Error": {"Code": code, "Message": message}, **more}
    return ClientError(cast("Any", answer), "Operation")


class Scripted:
    """An AWS client with one operation; each call is kept and answered by the script."""

    def __init__(self, operation: str, *answers: Callable[..., Any]) -> None:
        self.calls: list[Mapping[str, Any]] = []
        self._answers = list(answers)
        setattr(self, operation, self._answer)

    def _answer(self, **request: Any) -> Any:
        self.calls.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return answer(**request)


def failing(*ids: str) -> Callable[..., Any]:
    """SQS refuses these entries of a batch and takes the others."""
    return lambda **_: {"Failed": [{"Id": entry, "SenderFault": False} for entry in ids]}


class TestPartialFailures:
    """A 200 that is none: the most missed bug of these APIs."""

    def test_what_sqs_refuses_is_sent_again_and_nothing_else(self) -> None:
        """The others are on the queue already."""
        client = Scripted("send_message_batch", failing("1"), failing())
        queue = Queue(client=cast("Any", client), url="u")

        queue.send(Outgoing(body=body) for body in "abc")

        sent = [[entry["MessageBody"] for entry in call["Entries"]] for call in client.calls]
        assert [["a", "b", "c"], ["b"]] == sent

    def test_what_sqs_keeps_refusing_is_transient(self) -> None:
        """The record comes again, and so does the message."""
        queue = Queue(client=cast("Any", Scripted("send_message_batch", failing("0"))), url="u")

        with pytest.raises(Transient):
            queue.send([Outgoing(body="a")])

    def test_what_the_bus_refuses_is_put_again_and_nothing_else(self) -> None:
        """FailedEntryCount is in the answer, not in an exception."""
        client = Scripted(
            "put_events",
            lambda **_: {
                "FailedEntryCount": 1,
                "Entries": [{"EventId": "1"}, {"ErrorCode": "ThrottlingException"}],
            },
            lambda **_: {"FailedEntryCount": 0, "Entries": [{"EventId": "2"}]},
        )

        Bus(client=cast("Any", client), name="b").put([an_event(id="a"), an_event(id="b")])

        assert [2, 1] == [len(call["Entries"]) for call in client.calls]
        assert '"id":"b"' in client.calls[1]["Entries"][0]["Detail"]

    def test_what_the_bus_keeps_refusing_is_transient(self) -> None:
        """With the bus's own code in the sentence."""
        client = Scripted(
            "put_events",
            lambda **_: {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]},
        )

        with pytest.raises(Transient, match="InternalFailure"):
            Bus(client=cast("Any", client), name="b").put([an_event()])

        assert bus.MAX_TRIES == len(client.calls)

    def test_unprocessed_reads_are_read_again(self) -> None:
        """DynamoDB answers a part when it is busy."""
        key = {"pk": {"S": "b"}}
        client = Scripted(
            "batch_get_item",
            lambda **_: {
                "Responses": {"t": [{"pk": {"S": "a"}}]},
                "UnprocessedKeys": {"t": {"Keys": [key]}},
            },
            lambda **_: {"Responses": {"t": [key]}, "UnprocessedKeys": {}},
        )

        found = list(
            Table(client=cast("Any", client), name="t").get_many([{"pk": "a"}, {"pk": "b"}])
        )

        assert [{"pk": {"S": "a"}}, key] == found
        assert [key] == client.calls[1]["RequestItems"]["t"]["Keys"]

    def test_reads_that_stay_unprocessed_are_transient(self) -> None:
        """A missing record would look like a first attempt."""
        busy = {"Responses": {}, "UnprocessedKeys": {"t": {"Keys": [{"pk": {"S": "a"}}]}}}
        client = Scripted("batch_get_item", lambda **_: busy)

        with pytest.raises(Transient):
            list(Table(client=cast("Any", client), name="t").get_many([{"pk": "a"}]))

        assert MAX_BATCH_TRIES == len(client.calls)


class TestFaults:
    """Whose fault it is."""

    @pytest.mark.parametrize(
        "problem",
        [
            refusal("ThrottlingException"),
            refusal("AccessDeniedException"),
            refusal("ResourceNotFoundException"),
            refusal("ValidationException", "The table does not have the specified index"),
            refusal(
                "TransactionCanceledException",
                CancellationReasons=[{"Code": "TransactionConflict"}],
            ),
            EndpointConnectionError(endpoint_url="http://127.0.0.1"),
        ],
    )
    def test_the_platforms_faults_are_transient(self, problem: Exception) -> None:
        """A missing permission loses no event: the work waits until somebody has mended it."""
        with pytest.raises(Transient) as raised, aws.faults("work"):
            raise problem

        assert "aws_unavailable" == raised.value.code

    @pytest.mark.parametrize(
        "problem",
        [
            refusal("ValidationException", "Item size has exceeded the maximum allowed size"),
            refusal(
                "TransactionCanceledException",
                "Item size has exceeded the maximum allowed size",
                CancellationReasons=[{"Code": "None"}, {"Code": "ValidationError"}],
            ),
        ],
    )
    def test_an_item_that_is_too_large_is_the_inputs_fault(self, problem: ClientError) -> None:
        """It would be too large for ever."""
        with pytest.raises(BadInput) as raised, aws.faults("work"):
            raise problem

        assert "too_large" == raised.value.code

    def test_a_lost_condition_is_an_answer(self) -> None:
        """The caller has asked for it."""
        lost = refusal("ConditionalCheckFailedException")

        with pytest.raises(ClientError), aws.faults("work"):
            raise lost


def sandbox(answer: Callable[..., Any]) -> SandboxFunction:
    """The sandbox behind a scripted Lambda."""
    return SandboxFunction(client=cast("Any", Scripted("invoke", answer)), name="sandbox")


class TestSandboxFunction:
    """User code runs elsewhere; what goes wrong on the way is ours."""

    def test_the_answer_comes_back(self) -> None:
        """And the tenant went along: it chooses the execution environment."""
        client = Scripted("invoke", lambda **_: {"Payload": io.BytesIO(b'{"v":1}')})

        answer = SandboxFunction(client=cast("Any", client), name="s").run(TENANT, {"op": "doctor"})

        assert ({"v": 1}, TENANT) == (answer, client.calls[0]["TenantId"])

    @pytest.mark.parametrize(
        "answer",
        [
            {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorType":"OutOfMemory"}')},
            {"FunctionError": "Unhandled", "Payload": io.BytesIO(b"[]")},
            {"FunctionError": "Unhandled", "Payload": io.BytesIO(b"")},
            {"Payload": io.BytesIO(b'{"v":1')},
            {"Payload": io.BytesIO(b"[]")},
        ],
    )
    def test_a_sandbox_that_ends_without_an_answer_has_crashed(self, answer: Any) -> None:
        """Never the user's fault: the sandbox answers for users by itself."""
        with pytest.raises(Transient) as raised:
            sandbox(lambda **_: answer).run(TENANT, {})

        assert "sandbox_crashed" == raised.value.code

    def test_an_engine_that_the_installation_lacks_is_named(self) -> None:
        """Nobody finds the artefact that was not built by reading that a sandbox has crashed."""
        error = {"errorType": "EngineUnavailable", "errorMessage": "not built: run `make setup`"}
        answer = {
            "FunctionError": "Unhandled",
            "Payload": io.BytesIO(json.dumps(error | {"stackTrace": []}).encode()),
        }

        with pytest.raises(Transient, match="make setup") as raised:
            sandbox(lambda **_: answer).run(TENANT, {})

        assert "engine_unavailable" == raised.value.code

    def test_a_throttled_invocation_is_told_apart(self) -> None:
        """Trying its events one by one would only make it worse."""

        def throttle(**_: Any) -> Any:
            raise refusal("TooManyRequestsException")

        with pytest.raises(Transient) as raised:
            sandbox(throttle).run(TENANT, {})

        assert "aws_unavailable" == raised.value.code


def test_clients_are_built_when_first_asked_for() -> None:
    """Start-up time is billed."""
    clients = aws.Clients()

    assert "sqs" not in vars(clients)
    assert clients.sqs is clients.sqs
