"""Looks at what lies in queues of dead letters, and moves it back into the queue it came from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from runtime.core import timestamps
from runtime.core.operations import dead_letter
from runtime.core.operations.dead_letter import DEAD_LETTERS, DeadLetter
from runtime.errors import NotFound, Transient
from runtime.stores.aws import stack as stacks
from runtime.stores.aws.clients import faults

BATCH: Final = 10  # SQS
LOOK_S: Final = 1  # a look that asks all of SQS's servers, so that an empty answer means empty
# As long as all that is looked at stays hidden from other looks. A look that ends puts it back.
HIDDEN_S: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadQueue:
    """A queue of dead letters."""

    name: str  # as the template calls it, such as `RunQueueDeadLetters`
    url: str
    # Where its letters go back to, as the template calls it; None where they came from no queue,
    # such as the calls of a schedule.
    source: str | None
    source_url: str | None  # None without a source


@dataclass(frozen=True, slots=True, kw_only=True)
class Redriven:
    """What became of the dead letters of one queue."""

    moved: int  # letters that are in their own queue again
    left: int  # letters that were looked at and stay: another code, or they came meanwhile


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The queues of dead letters of one installed stack, by their names in the template."""

    sqs: Any  # botocore's client
    queues: Mapping[str, DeadQueue]

    @classmethod
    def of(cls, stack: str, *, client: Callable[[str], Any]) -> "DeadLetters":
        """Those of a stack.

        Args:
            stack: its name.
            client: makes botocore's client of a service.

        Raises:
            NotFound: code `stack_not_found`.
            Transient: AWS does not answer, or there are no credentials for it.
        """
        with faults("find dead letters"):
            urls = stacks.queues(stack, cloudformation=client("cloudformation"))
            return cls(client("sqs"), dict(_dead(urls)))

    def named(self, name: str) -> DeadQueue:
        """The dead letters of a queue, by its own name or by that of its dead letters.

        Raises:
            NotFound: code `queue_not_found`; names those that there are.
        """
        for queue in self.queues.values():
            if name in {queue.name, queue.source}:
                return queue
        names = ", ".join(sorted(queue.source or queue.name for queue in self.queues.values()))
        raise NotFound(
            f"no queue {name!r} with dead letters; there are {names}", code="queue_not_found"
        )

    def look(self, queue: DeadQueue, *, limit: int) -> list[DeadLetter]:
        """Up to so many of its letters, the oldest first; they stay where they are.

        SQS shows a letter only by handing it out: for the moment of the look nobody else gets it,
        and at its end it is put back.

        Raises:
            Transient: AWS does not answer.
        """
        handed_out: list[Any] = []
        with faults("look at dead letters"):
            try:
                while len(handed_out) < limit:
                    batch = self._received(queue, most=min(BATCH, limit - len(handed_out)))
                    handed_out += batch
                    if not batch:
                        break
            finally:
                self._put_back(queue, handed_out)
        return sorted(map(_letter, handed_out), key=lambda letter: (letter.sent_at, letter.id))

    def redrive(self, queue: DeadQueue, *, code: str | None, now: datetime) -> Redriven:
        """Move dead letters back into the queue that they came from.

        What is given up again meanwhile is left where it is. A message may be moved twice if this
        is killed, and each consumer takes a message twice without harm.

        Args:
            queue: whose letters.
            code: only those that are here for this reason; None for all.
            now: the present, in UTC.

        Raises:
            NotFound: code `queue_not_found`: they came from no queue.
            Transient: AWS does not answer.
        """
        if queue.source_url is None:
            raise NotFound(
                f"what lies in {queue.name} came from no queue: a schedule calls its function again"
                " by itself",
                code="queue_not_found",
            )
        until, moved = timestamps.timestamp(now), 0
        staying: dict[str, Any] = {}
        with faults("move dead letters"):
            try:
                while batch := self._received(queue, most=BATCH):
                    letters = {each["MessageId"]: (_letter(each), each) for each in batch}
                    going = [
                        message
                        for letter, message in letters.values()
                        if letter.sent_at <= until and code in {None, letter.code}
                    ]
                    self._move(going, queue)
                    moved += len(going)
                    gone = {message["MessageId"] for message in going}
                    others = {name: each for name, (_, each) in letters.items() if name not in gone}
                    if not going and others.keys() <= staying.keys():
                        break  # the looks have lasted so long that the first ones are seen again
                    staying |= others
            finally:
                self._put_back(queue, list(staying.values()))
        return Redriven(moved=moved, left=len(staying))

    def _received(self, queue: DeadQueue, *, most: int) -> list[Any]:
        answer = self.sqs.receive_message(
            QueueUrl=queue.url,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=LOOK_S,
            VisibilityTimeout=HIDDEN_S,
            AttributeNames=["SentTimestamp", "MessageGroupId"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", ()))

    def _put_back(self, queue: DeadQueue, messages: Sequence[Any]) -> None:
        for message in messages:
            # One that cannot be put back is seen again when its time is over.
            with suppress(Transient), faults("put dead letters back"):
                self.sqs.change_message_visibility(
                    QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
                )

    def _move(self, messages: Sequence[Any], queue: DeadQueue) -> None:
        for message in messages:
            group = message["Attributes"].get("MessageGroupId")
            fair = {} if group is None else {"MessageGroupId": group}
            self.sqs.send_message(QueueUrl=queue.source_url, MessageBody=message["Body"], **fair)
            self.sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])


def _dead(urls: Mapping[str, str]) -> Iterator[tuple[str, DeadQueue]]:
    for name, url in sorted(urls.items()):
        if name.endswith(DEAD_LETTERS):
            of = name.removesuffix(DEAD_LETTERS)
            source = next((each for each in (of, f"{of}Queue") if each in urls), None)
            source_url = None if source is None else urls[source]
            yield name, DeadQueue(name=name, url=url, source=source, source_url=source_url)


def _letter(message: Any) -> DeadLetter:
    attributes = message.get("MessageAttributes", {})
    sent = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, tz=UTC)
    return dead_letter.read(
        message_id=message["MessageId"],
        body=message["Body"],
        attributes={name: each.get("StringValue", "") for name, each in attributes.items()},
        sent_at=timestamps.timestamp(sent),
    )
