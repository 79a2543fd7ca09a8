"""Makes identifiers. Derived ones are hashes, so the same thing gets the same id every time."""

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

MAX_ID_CHARS: Final = 128  # of a producer's own id, which becomes part of a DynamoDB key
_DIGITS: Final = "234567abcdefghijklmnopqrstuvwxyz"  # of base32 as in all our ids, in order
_TIME_CHARS: Final = 9
_LAST_MS: Final = (1 << 5 * _TIME_CHARS) - 1  # in 3084
_UNIQUE_CHARS: Final = 17  # of base32, beside the time: nobody draws the same twice in one ms
ID: Final = re.compile(r"[\x21-\x7e]+")  # printable ASCII, no blanks: safe in keys, headers, logs


class Key(NamedTuple):
    """The key of one thing of one tenant: a profile, a function, or a webhook's endpoint."""

    tenant: str
    id: str


def derive(prefix: str, *parts: str) -> str:
    """The id of these parts: a hash, so the same parts always give the same id."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return f"{prefix}_{base64.b32encode(digest[:16]).decode().rstrip('=').lower()}"


def parts(prefix: str) -> Sequence[str]:
    """Where the equal parts begin that the ids of a prefix, as `derive` makes them, fall into."""
    return [f"{prefix}_{digit}" for digit in _DIGITS]


def in_time(prefix: str, at_ms: int, unique: str) -> str:
    """An id that begins with the time, so that ids of this prefix sort as their times do.

    Args:
        prefix: which kind of thing has it.
        at_ms: epoch milliseconds.
        unique: an id of which nobody draws the same; what stands behind its prefix tells apart the
            things of one millisecond.
    """
    return f"{first_in_time(prefix, at_ms)}{unique.rpartition('_')[2][:_UNIQUE_CHARS]}"


def first_in_time(prefix: str, at_ms: int) -> str:
    """What the ids of a millisecond begin with; it sorts before them, and after all earlier ids.

    A time before 1970 or after 3084, when nothing got an id, is taken for the nearest of both.
    """
    time = min(max(0, at_ms), _LAST_MS)
    digits = (time >> 5 * place & 31 for place in reversed(range(_TIME_CHARS)))
    return f"{prefix}_" + "".join(_DIGITS[digit] for digit in digits)


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
