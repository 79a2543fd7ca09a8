"""Makes identifiers. Derived ones are hashes, so the same thing gets the same id every time."""

import base64
import hashlib
import re
from typing import Final, NamedTuple

MAX_ID_CHARS: Final = 128  # of a producer's own id, which becomes part of a DynamoDB key
ID: Final = re.compile(r"[\x21-\x7e]+")  # printable ASCII, no blanks: safe in keys, headers, logs


class Key(NamedTuple):
    """The key of one thing of one tenant: a profile, a function, or a webhook's endpoint."""

    tenant: str
    id: str


def derive(prefix: str, *parts: str) -> str:
    """The id of these parts: a hash, so the same parts always give the same id."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return f"{prefix}_{base64.b32encode(digest[:16]).decode().rstrip('=').lower()}"


def delivery_id(tenant: str, event_id: str, webhook_id: str, position: int = 0) -> str:
    """The id of the delivery of one event to one webhook.

    A transform may make several deliveries of one event; `position` counts them from 0.
    """
    extra = (str(position),) if position else ()
    return derive("dlv", tenant, event_id, webhook_id, *extra)


def run_id(tenant: str, event_id: str, subscriber: str) -> str:
    """The id of the run of one event through one function.

    `subscriber` is the function's name for a trigger, and the webhook's id for a transform.
    """
    return derive("run", tenant, event_id, subscriber)


def emitted_event_id(run: str, position: int) -> str:
    """The id of an event that a run emitted; `position` counts the run's events from 0.

    A run that is repeated emits events with the same ids.
    """
    return derive("evt", run, str(position))


def is_id(text: str) -> bool:
    """Whether `text` may serve as a producer's id."""
    return len(text) <= MAX_ID_CHARS and ID.fullmatch(text) is not None
