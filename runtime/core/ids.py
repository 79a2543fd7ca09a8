"""Identifiers: their prefixes, and how derived ones repeat instead of multiply."""

import base64
import hashlib
import re
from typing import Final, NamedTuple

MAX_ID_CHARS: Final = 128  # a producer's own id; also bounds the DynamoDB key
ID: Final = re.compile(r"[\x21-\x7e]+")  # printable ASCII, no blanks: safe in keys, headers, logs


class Key(NamedTuple):
    """What finds one thing of one tenant: a profile, a function, or an endpoint by its webhook."""

    tenant: str
    id: str


def derive(prefix: str, *parts: str) -> str:
    """The id that these parts always give: the same parts, the same id; a hash, never a counter."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return f"{prefix}_{base64.b32encode(digest[:16]).decode().rstrip('=').lower()}"


def delivery_id(tenant: str, event_id: str, webhook_id: str, position: int = 0) -> str:
    """One event for one webhook; `position` tells the several deliveries of a list apart."""
    extra = (str(position),) if position else ()
    return derive("dlv", tenant, event_id, webhook_id, *extra)


def run_id(tenant: str, event_id: str, subscriber: str) -> str:
    """One event through one function, as a trigger (`subscriber` = function) or for one webhook."""
    return derive("run", tenant, event_id, subscriber)


def emitted_event_id(run: str, position: int) -> str:
    """The event that a run emitted as its n-th: running it again emits the same event."""
    return derive("evt", run, str(position))


def is_id(text: str) -> bool:
    """Whether `text` may serve as a producer's id."""
    return len(text) <= MAX_ID_CHARS and ID.fullmatch(text) is not None
