"""What is told of a dead letter: why it is one, and the ids of what it is about."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from runtime.core import json_text
from runtime.errors import BadInput

DEAD_LETTERS: Final = "DeadLetters"  # how the template names the queues that people read
TRIES_EXHAUSTED: Final = "tries_exhausted"
_TRIES_REASON: Final = (
    "it failed as often as its queue allows; lines `record.failed` in its function's log say why"
)
# Attributes that say why: our own of what we park, then AWS's of what the bus, a schedule or Lambda
# could not hand over.
_CODES: Final = ("code", "ERROR_CODE", "ErrorCode")
_REASONS: Final = ("reason", "ERROR_MESSAGE", "ErrorMessage")
MAX_REASON_CHARS: Final = 256
# The ids in a message of ours. What else a message has may be about a person, or be secret.
_IDS: Final = (
    "kind",
    "tenant",
    "topic",
    "event_id",
    "webhook_id",
    "delivery_id",
    "function",
    "run_id",
    "sync_id",
    "attempt",
)
# The same of an envelope, which calls its own id `id`.
_OF_AN_EVENT: Final = {"tenant": "tenant", "topic": "topic", "id": "event_id"}
MAX_ID_CHARS: Final = 128  # an id is no longer; of what a stranger put there no more is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that nobody works on any more."""

    id: str  # of the message, which SQS has given it
    code: str  # why it is here: ours, AWS's, or `tries_exhausted`
    reason: str  # the same for people; empty where AWS gives none
    sent_at: str  # ISO 8601 UTC; when it was first put into a queue
    about: Mapping[str, str]  # the ids in it, by their names; empty when it cannot be read
    body: str  # the message itself, which may be about a person


def read(*, message_id: str, body: str, attributes: Mapping[str, str], sent_at: str) -> DeadLetter:
    """What is known of a message of a queue of dead letters.

    Args:
        message_id: SQS's own.
        body: as it stands in the queue; anything at all.
        attributes: the texts beside the body, by their names.
        sent_at: ISO 8601 UTC.
    """
    document = _document(body)
    code, reason = _why(attributes, document)
    return DeadLetter(
        id=message_id,
        code=code,
        reason=reason,
        sent_at=sent_at,
        about=dict(_about(document)),
        body=body,
    )


def _document(body: str) -> Mapping[str, Any]:
    try:
        document = json_text.decode(body)
    except BadInput:
        return {}
    return document if isinstance(document, Mapping) else {}


def _why(attributes: Mapping[str, str], document: Mapping[str, Any]) -> tuple[str, str]:
    code = _first(attributes, _CODES)
    if code:
        return code, _first(attributes, _REASONS)[:MAX_REASON_CHARS]
    # Lambda gives up a batch of a stream, or an invocation, with a document about it.
    context = document.get("requestContext")
    condition = context.get("condition") if isinstance(context, Mapping) else None
    return (condition, "") if isinstance(condition, str) else (TRIES_EXHAUSTED, _TRIES_REASON)


def _first(attributes: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((attributes[name] for name in names if attributes.get(name)), "")


def _about(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    event = document.get("detail", document.get("event"))
    if isinstance(event, Mapping):
        yield from _shown((shown, event.get(name)) for name, shown in _OF_AN_EVENT.items())
    yield from _shown((name, document.get(name)) for name in _IDS)


def _shown(fields: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    for name, value in fields:
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield name, str(value)[:MAX_ID_CHARS]
