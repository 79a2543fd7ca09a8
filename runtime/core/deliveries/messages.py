"""What travels on the deliver and run queues. A message is a hint; the stored record decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from runtime.core.events.envelope import MAX_EVENT_BYTES
from runtime.core.json_text import load
from runtime.core.shallow import shallow
from runtime.errors import BadInput

# An event's own body always travels with its message, which SQS ends at 1 MiB: as text in JSON it
# may be twice as long. A larger one, which only a function makes, goes on record first.
MAX_BODY_BYTES: Final = MAX_EVENT_BYTES + 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverMessage:
    """Make attempt `attempt` of a delivery.

    `body` is the text to sign and send; None when the record has it: from the second attempt on,
    and for a body that is too large for a message. `slow` says that it has moved to the slow lane.
    """

    tenant: str
    delivery_id: str
    webhook_id: str
    event_id: str
    topic: str
    body: str | None
    attempt: int = 1
    slow: bool = False

    def to_json(self) -> dict[str, Any]:
        """As it stands on the queue."""
        fields = shallow(self)
        if not self.slow:
            del fields["slow"]  # every message is paid for by its size
        return {"v": 1, "kind": "deliver", **fields}

    @property
    def group(self) -> str:
        """The fair-queue group: one slow endpoint must not delay another."""
        return f"{self.tenant}#{self.webhook_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMessage:
    """Run `function` on `event` (the envelope as JSON), for a webhook if `webhook_id` is set."""

    tenant: str
    run_id: str
    function: str
    event: Mapping[str, Any]
    webhook_id: str | None = None
    attempt: int = 1

    def to_json(self) -> dict[str, Any]:
        """As it stands on the queue."""
        return {"v": 1, "kind": "run", **shallow(self)}

    @property
    def group(self) -> str:
        """The fair-queue group."""
        return f"{self.tenant}#{self.function}"


def parse(text: str) -> DeliverMessage | RunMessage:
    """A queue message.

    Raises:
        BadInput: not ours, or of a version this code does not know.
    """
    raw = load(text, wrapped=1)
    if not isinstance(raw, Mapping) or raw.get("v") != 1:
        raise BadInput("not a version 1 message", code="bad_message")
    fields = {name: value for name, value in raw.items() if name not in ("v", "kind")}
    try:
        match raw.get("kind"):
            case "deliver":
                return DeliverMessage(**fields)
            case "run":
                return RunMessage(**fields)
            case other:
                raise BadInput(f"unknown kind {other!r}", field="kind", code="bad_message")
    except TypeError as problem:
        raise BadInput(f"malformed message: {problem}", code="bad_message") from problem


def parse_deliver(text: str) -> DeliverMessage:
    """A message of the deliver queue.

    Raises:
        BadInput: anything else.
    """
    message = parse(text)
    if not isinstance(message, DeliverMessage):
        raise BadInput("not a deliver message", field="kind", code="bad_message")
    return message
