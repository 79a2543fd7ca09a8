"""The messages of the deliver queue. A message is a hint; the stored record decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from runtime.core.events.envelope import MAX_EVENT_BYTES
from runtime.core.json_text import load
from runtime.core.shallow import shallow
from runtime.errors import BadInput

# An event's own body always travels with its message, which SQS ends at 1 MiB: as text in JSON it
# may be twice as long. A larger one, which only a function makes, is recorded first.
MAX_BODY_BYTES: Final = MAX_EVENT_BYTES + 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverMessage:
    """Asks for an attempt of a delivery."""

    tenant: str
    delivery_id: str
    webhook_id: str
    event_id: str
    topic: str
    # The text to sign and send. None when the record has it: from the second attempt on, and for a
    # body that is too large for a message.
    body: str | None
    attempt: int = 1
    slow: bool = False  # whether it has moved to the slow lane
    # When the event reached us (ISO 8601, UTC), for who measures how long it takes to a first
    # attempt. None where that says nothing of us: in a message about what was retried or held.
    accepted_at: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As it stands on the queue."""
        fields = shallow(self)
        if not self.slow:
            del fields["slow"]  # every message is paid for by its size
        if self.accepted_at is None:
            del fields["accepted_at"]
        return {"v": 1, "kind": "deliver", **fields}

    @property
    def group(self) -> str:
        """The fair-queue group: one slow endpoint must not delay another."""
        return f"{self.tenant}#{self.webhook_id}"


def parse_deliver(text: str) -> DeliverMessage:
    """A message of the deliver queue.

    Raises:
        BadInput: anything else.
    """
    fields = unpack(text, kind="deliver")
    try:
        return DeliverMessage(**fields)
    except TypeError as problem:
        raise BadInput(f"malformed message: {problem}", code="bad_message") from problem


def unpack(text: str, *, kind: str) -> dict[str, Any]:
    """The fields of a queue message of this kind, without what says its version and its kind.

    Raises:
        BadInput: not JSON, of another kind, or of a version that this code does not know.
    """
    raw = load(text, wrapped=1)
    if not isinstance(raw, Mapping) or raw.get("v") != 1:
        raise BadInput("not a version 1 message", code="bad_message")
    if raw.get("kind") != kind:
        raise BadInput(f"not a {kind} message", field="kind", code="bad_message")
    return {name: value for name, value in raw.items() if name not in ("v", "kind")}
