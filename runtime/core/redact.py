"""What may be kept of text that a stranger sent: secrets out, length bounded."""

import re
from collections.abc import Iterable
from typing import Final

EXCERPT_CHARS: Final = 1024  # ten attempts with their excerpts must fit one DynamoDB item
MIN_HIDDEN_CHARS: Final = 6  # a shorter secret stands in half of all texts
_NAMED: Final = re.compile(
    r"""(?ix)
    (?P<name> (?<![\w-]) [\w-]{0,40}?
        (?: authorization | api[_-]?key | password | cookie | secret | token )
        ["']? \s* [:=] \s* ["']? )
    (?: (?:bearer|basic) \s+ )? [^\s"',;&}]+
    """
)
_SHAPED: Final = re.compile(
    r"""(?ix)
    \b (?:bearer|basic) \s+ [a-z0-9._~+/=-]{8,}
    | \b (?:whsec|whsk|psk) _ [a-z0-9+/=_-]{8,}
    | \b v1a?, [a-z0-9+/]{40,} ={0,2}
    """
)


def excerpt(data: bytes) -> str:
    """The beginning of an answer as text, fit for a record that people read."""
    text = data[: 4 * EXCERPT_CHARS].decode("utf-8", "replace").replace("\0", "\ufffd")
    text = _SHAPED.sub("[redacted]", _NAMED.sub(r"\g<name>[redacted]", text))
    return text[:EXCERPT_CHARS]


def cut(data: bytes, hidden: Iterable[str]) -> bytes:
    """What a receiver wrote without the secrets it was shown; the shortest are left."""
    for secret in sorted(hidden, key=len, reverse=True):
        if len(secret) >= MIN_HIDDEN_CHARS:
            data = data.replace(secret.encode(), b"[redacted]")
    return data
