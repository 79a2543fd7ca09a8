"""What emulators of SQS answer differently."""

from typing import Any, Final

from tests.cloud import Cloud
from tests.emulators.difference import TAKEN, Difference

MIB: Final = 1024 * 1024


def _send(cloud: Cloud, **more: Any) -> object:
    message: Any = {"MessageBody": "x"} | more
    return cloud.clients.sqs.send_message(QueueUrl=cloud.queue_url("q"), **message)


def _attribute(text: str) -> Any:
    return {"DataType": "String", "StringValue": text}


def _batch(cloud: Cloud, *entries: tuple[str, str]) -> object:
    batch: Any = [{"Id": name, "MessageBody": body} for name, body in entries]
    return cloud.clients.sqs.send_message_batch(QueueUrl=cloud.queue_url("q"), Entries=batch)


def _received(cloud: Cloud) -> dict[str, str]:
    _send(cloud)
    url = cloud.queue_url("q")
    [message] = cloud.clients.sqs.receive_message(QueueUrl=url)["Messages"]
    return {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}


def _delete_twice(cloud: Cloud) -> None:
    handle: Any = _received(cloud)
    for _ in range(2):
        cloud.clients.sqs.delete_message(**handle)


def _hide_too_long(cloud: Cloud) -> object:
    handle: Any = _received(cloud)
    return cloud.clients.sqs.change_message_visibility(**handle, VisibilityTimeout=12 * 3600 + 1)


def _keep_a_second(cloud: Cloud) -> object:
    kept: Any = {"MessageRetentionPeriod": "1"}
    return cloud.clients.sqs.set_queue_attributes(QueueUrl=cloud.queue_url("q"), Attributes=kept)


SQS: Final = (
    Difference(
        asks="a body of more than 1 MiB",
        call=lambda cloud: _send(cloud, MessageBody="x" * (MIB + 1)),
        aws="InvalidParameterValue",
        moto="InvalidParameterValue",
        ministack="InvalidParameterValue",
        other="InvalidAttributeValue",
    ),
    Difference(
        asks="a body with a character that SQS does not take, such as U+FFFF",
        call=lambda cloud: _send(cloud, MessageBody="\uffff"),
        aws="InvalidMessageContents",
        moto=TAKEN,
        ministack="InvalidMessageContents",
        other="InvalidAttributeValue",
    ),
    Difference(
        asks="an empty body",
        call=lambda cloud: _send(cloud, MessageBody=""),
        aws="MissingParameter",
        moto=TAKEN,
        ministack="MissingParameter",
        other="InvalidAttributeValue",
    ),
    Difference(
        asks="a delay of more than 900 s",
        call=lambda cloud: _send(cloud, DelaySeconds=901),
        aws="InvalidParameterValue",
        moto="InvalidParameterValue",
        ministack=TAKEN,
        other="InvalidParameterValue",
    ),
    Difference(
        asks="a group whose name has a space",
        call=lambda cloud: _send(cloud, MessageGroupId="a b"),
        aws="InvalidParameterValue",
        moto=TAKEN,
        ministack=TAKEN,
        other="InvalidParameterValue",
    ),
    Difference(
        asks="a group whose name has 129 characters",
        call=lambda cloud: _send(cloud, MessageGroupId="x" * 129),
        aws="InvalidParameterValue",
        moto=TAKEN,
        ministack=TAKEN,
        other="InvalidParameterValue",
    ),
    Difference(
        asks="11 attributes",
        call=lambda cloud: _send(
            cloud, MessageAttributes={f"a{n}": _attribute("x") for n in range(11)}
        ),
        aws="InvalidParameterValue",
        moto=TAKEN,
        ministack=TAKEN,
        other="InvalidAttributeValue",
    ),
    Difference(
        asks="an attribute that is empty",
        call=lambda cloud: _send(cloud, MessageAttributes={"a": _attribute("")}),
        aws="InvalidParameterValue",
        moto=TAKEN,
        ministack=TAKEN,
        other="InvalidAttributeValue",
    ),
    Difference(
        asks="an attribute with a control character",
        call=lambda cloud: _send(cloud, MessageAttributes={"a": _attribute("\u0001")}),
        aws="InvalidParameterValue",
        moto=TAKEN,
        ministack=TAKEN,
        other="InvalidAttributeValue",
    ),
    Difference(
        asks="a batch without messages",
        call=_batch,
        aws="EmptyBatchRequest",
        moto="EmptyBatchRequest",
        ministack="EmptyBatchRequest",
        other=TAKEN,
    ),
    Difference(
        asks="a batch of more than 1 MiB",
        call=lambda cloud: _batch(cloud, ("0", "x" * 600_000), ("1", "x" * 600_000)),
        aws="BatchRequestTooLong",
        moto="BatchRequestTooLong",
        ministack="BatchRequestTooLong",
        other="InvalidAttributeValue",
    ),
    Difference(
        asks="a batch whose message has an id with a point",
        call=lambda cloud: _batch(cloud, ("a.b", "x")),
        aws="InvalidBatchEntryId",
        moto="InvalidBatchEntryId",
        ministack="InvalidBatchEntryId",
        other=TAKEN,
    ),
    Difference(
        asks="to receive 11 messages",
        call=lambda cloud: cloud.clients.sqs.receive_message(
            QueueUrl=cloud.queue_url("q"), MaxNumberOfMessages=11
        ),
        aws="InvalidParameterValue",
        moto="InvalidParameterValue",
        ministack="InvalidParameterValue",
        other="InvalidAttributeValue",
    ),
    Difference(
        asks="to hide a message for more than 12 h",
        call=_hide_too_long,
        aws="InvalidParameterValue",
        moto="InvalidParameterValue",
        ministack=TAKEN,
        other=TAKEN,
    ),
    Difference(
        asks="to delete a message twice",
        call=_delete_twice,
        aws=TAKEN,
        moto=TAKEN,
        ministack="ReceiptHandleIsInvalid",
        other="ReceiptHandleIsInvalid",
    ),
    Difference(
        asks="to send to a queue that does not exist",
        call=lambda cloud: cloud.clients.sqs.send_message(
            QueueUrl=f"{cloud.queue_url('q')}-gone", MessageBody="x"
        ),
        aws="NonExistentQueue",
        moto="NonExistentQueue",
        ministack="NonExistentQueue",
        other="QueueDoesNotExist",
    ),
    Difference(
        asks="a queue that keeps messages for a second",
        call=_keep_a_second,
        aws="InvalidAttributeValue",
        moto=TAKEN,
        ministack="InvalidAttributeValue",
        other=TAKEN,
    ),
)
