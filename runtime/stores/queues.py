"""Sending to SQS in full batches, and hiding what it has handed out.

A message that SQS refuses among others is sent again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from runtime.core.deliveries.messages import DeliverMessage
from runtime.core.functions.messages import RunMessage
from runtime.core.json_text import dump, load
from runtime.core.pacing.noisy import GAVE_WAY
from runtime.core.warehouse.messages import SyncMessage
from runtime.errors import BadInput, Transient
from runtime.stores.aws import clients as aws
from runtime.stores.aws.sqs import SQS
from runtime.stores.tables.streamed import BEFORE, Record

MAX_BATCH: Final = 10  # SQS
MAX_BATCH_BYTES: Final = 1024 * 1024  # SQS: of one message and of a batch alike
MAX_DELAY_S: Final = 900  # SQS
MAX_GROUP_CHARS: Final = 128  # SQS
MAX_TRIES: Final = 3  # of a batch's failed part; then the caller's own queue tries again


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message on its way out."""

    body: str
    group: str = ""  # the fair-queue group; empty for none
    delay_s: int = 0  # before anybody sees it
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def legal_body(self) -> str:
        """The body without the two characters that JSON allows and SQS refuses.

        In a body, which is JSON, their escapes mean the same. They are twice as long.
        """
        return self.body.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")

    @property
    def size_bytes(self) -> int:
        """As SQS counts: body and attributes with their names and types."""
        texts = (self.legal_body, *self.attributes, *self.attributes.values())
        return sum(len(text.encode()) for text in texts) + len("String") * len(self.attributes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One queue to send to."""

    client: SQS
    url: str

    def send(self, messages: Iterable[Outgoing]) -> None:
        """Send all messages. After an error some may have been sent: send the same ones again.

        Raises:
            Transient: SQS did not take all of them.
            BadInput: one is larger than a message may be.
        """
        for batch in batches(messages):
            self._send_batch(batch)

    def offer(self, messages: Iterable[Outgoing]) -> list[bool]:
        """Send each message once; whether SQS took it.

        Raises:
            Transient: SQS may have taken some.
            BadInput: one is larger than a message may be; then none was sent.
        """
        every = list(batches(messages))
        return [taken for batch in every for taken in self._offer_batch(batch)]

    def _send_batch(self, batch: list[Outgoing]) -> None:
        for _ in range(MAX_TRIES):
            taken = self._offer_batch(batch)
            batch = [message for message, done in zip(batch, taken, strict=True) if not done]
            if not batch:
                return
        raise Transient(f"SQS refused {len(batch)} messages", code="aws_unavailable")

    def _offer_batch(self, batch: Sequence[Outgoing]) -> list[bool]:
        entries = [_entry(str(number), message) for number, message in enumerate(batch)]
        with aws.faults("send to a queue"):
            answer = self.client.send_message_batch(QueueUrl=self.url, Entries=entries)
        refused = {failure["Id"] for failure in answer.get("Failed", [])}
        return [entry["Id"] not in refused for entry in entries]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """The deliver, run or sync queue: messages that say a record may be worth looking at."""

    queue: Queue

    def send(
        self, messages: Iterable[DeliverMessage | RunMessage | SyncMessage], *, delay_s: int = 0
    ) -> None:
        """Queue them, to be seen after `delay_s`.

        Raises:
            Transient: SQS did not take all of them.
        """
        self.queue.send(
            Outgoing(body=dump(message.to_json()), group=message.group, delay_s=delay_s)
            for message in messages
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """A queue that the bus fills with events of all tenants."""

    queue: Queue

    def put_last(self, bodies: Iterable[tuple[str, str]], /) -> list[bool]:
        """Put messages at the end, each after its tenant, whose group it gets, with a mark.

        The bus gives its messages no group. SQS counts each of those as a group of its own, so it
        hands them out before the messages of a group that has many in work.

        Returns:
            Whether SQS took each.

        Raises:
            Transient: SQS may have taken some.
            BadInput: one is larger than a message may be; then none was sent.
        """
        marked = {GAVE_WAY: "true"}
        return self.queue.offer(
            Outgoing(body=body, group=tenant, attributes=marked) for tenant, body in bodies
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """The function's dead-letter queue, for messages that can never be processed."""

    queue: Queue

    def park(self, body: str, *, code: str, reason: str) -> None:
        """Send `body` there, with the reason. Within 14 days somebody can mend and redrive it."""
        attributes = {"code": _printable(code), "reason": _printable(reason)}
        self.queue.send([Outgoing(body=body or "(empty)", attributes=attributes)])


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """The queue of a stream's records that could not be followed when the stream told of them.

    A stream forgets a record after a day; here it is kept whole, for two weeks.
    """

    queue: Queue

    def put(self, records: Iterable[Record]) -> None:
        """Keep these records.

        Raises:
            Transient: some may not be kept; put all of them again.
        """
        self.queue.send(Outgoing(body=_message(record)) for record in records)

    @staticmethod
    def record_of(message: str) -> Record:
        """The record in the body of such a message.

        Raises:
            BadInput: code `not_json`, or `not_a_record`.
        """
        record = load(message)
        if not isinstance(record, dict) or "Keys" not in record:
            raise BadInput("the message is no record of a stream", code="not_a_record")
        return record


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOut:
    """The messages that a queue has handed out to this process."""

    client: SQS
    url: str

    def hide(self, for_s: Mapping[str, int]) -> None:
        """Hide each message, named by its receipt, for so many seconds from now.

        Raises:
            Transient: some were not hidden anew; for them nothing has changed.
        """
        entries = [
            {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": hidden_s}
            for number, (receipt, hidden_s) in enumerate(for_s.items())
        ]
        refused: list[str] = []
        for first in range(0, len(entries), MAX_BATCH):
            with aws.faults("hide messages of a queue"):
                answer = self.client.change_message_visibility_batch(
                    QueueUrl=self.url, Entries=entries[first : first + MAX_BATCH]
                )
            refused += [failure["Code"] for failure in answer.get("Failed", [])]
        if refused:
            codes = ", ".join(sorted(set(refused)))
            count = f"{len(refused)} of {len(entries)} messages"
            raise Transient(f"{count} were not hidden: {codes}", code="aws_unavailable")


def batches(messages: Iterable[Outgoing]) -> Iterator[list[Outgoing]]:
    """Full batches in order: ten messages, or as many as fit one mebibyte.

    Raises:
        BadInput: one is larger than a message may be.
    """
    batch: list[Outgoing] = []
    room = MAX_BATCH_BYTES
    for message in messages:
        size = message.size_bytes
        if size > MAX_BATCH_BYTES:
            raise BadInput(f"{size} bytes do not fit a queue message", code="too_large")
        if len(batch) == MAX_BATCH or size > room:
            yield batch
            batch, room = [], MAX_BATCH_BYTES
        batch.append(message)
        room -= size
    if batch:
        yield batch


def _message(record: Record) -> str:
    whole = dump(record)
    if Outgoing(body=whole).size_bytes <= MAX_BATCH_BYTES:
        return whole
    # Two images of 400 KB do not fit. Without the one before, the write counts as the first of its
    # record; how the record stands now is what matters most.
    return dump({name: image for name, image in record.items() if name != BEFORE})


def _entry(entry_id: str, message: Outgoing) -> Any:
    entry: dict[str, Any] = {"Id": entry_id, "MessageBody": message.legal_body}
    if message.group:
        entry["MessageGroupId"] = message.group[:MAX_GROUP_CHARS]
    if message.delay_s:
        entry["DelaySeconds"] = min(message.delay_s, MAX_DELAY_S)
    if message.attributes:
        entry["MessageAttributes"] = {
            name: {"DataType": "String", "StringValue": text}
            for name, text in message.attributes.items()
        }
    return entry


def _printable(text: str) -> str:
    clean = "".join(char if char.isascii() and char.isprintable() else "?" for char in text)
    return clean[:256] or "?"
