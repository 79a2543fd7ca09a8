"""Moves what lies in a dead-letter queue back into the queue that it came from."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from runtime.errors import NotFound
from runtime.stores.aws import stack as stacks
from runtime.stores.aws.clients import faults
from runtime.stores.aws.queue_depths import DEAD_LETTERS

BATCH: Final = 10  # SQS
LOOK_S: Final = 1  # a look that asks all of SQS's servers, so that an empty answer means empty
HIDDEN_S: Final = 60  # as long as a batch may take to move; what is not moved is seen again then


def redrive(stack: str, queue: str, *, client: Callable[[str], Any], now: datetime) -> int:
    """Move every dead letter of a queue back into it; returns how many were moved.

    What is parked again meanwhile is left where it is. A message may be moved twice if this is
    killed, and each consumer takes a message twice without harm.

    Args:
        stack: its name.
        queue: as the template calls it, such as `ProfileStream`.
        client: makes botocore's client of a service.
        now: the present, in UTC.

    Raises:
        NotFound: code `stack_not_found`, or `queue_not_found`: no such queue has dead letters.
        Transient: AWS does not answer, or there are no credentials for it.
    """
    with faults("move dead letters"):
        urls = stacks.queues(stack, cloudformation=client("cloudformation"))
        of = {name for name in urls if f"{name}{DEAD_LETTERS}" in urls}
        if queue not in of:
            raise NotFound(
                f"no queue {queue!r} with dead letters; there are {', '.join(sorted(of))}",
                code="queue_not_found",
            )
        sqs, until_ms, moved = client("sqs"), now.timestamp() * 1000, 0
        while messages := _received(sqs, urls[f"{queue}{DEAD_LETTERS}"], until_ms=until_ms):
            _move(sqs, messages, source=urls[f"{queue}{DEAD_LETTERS}"], target=urls[queue])
            moved += len(messages)
        return moved


def _received(sqs: Any, url: str, *, until_ms: float) -> list[Any]:
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=BATCH,
        WaitTimeSeconds=LOOK_S,
        VisibilityTimeout=HIDDEN_S,
        AttributeNames=["SentTimestamp", "MessageGroupId"],
    )
    return [
        message
        for message in answer.get("Messages", ())
        if int(message["Attributes"]["SentTimestamp"]) <= until_ms
    ]


def _move(sqs: Any, messages: Sequence[Any], *, source: str, target: str) -> None:
    for message in messages:
        group = message["Attributes"].get("MessageGroupId")
        fair = {} if group is None else {"MessageGroupId": group}
        sqs.send_message(QueueUrl=target, MessageBody=message["Body"], **fair)
        sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
