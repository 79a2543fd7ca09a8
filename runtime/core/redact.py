"""What may be kept of text that a stranger sent: secrets out, length bounded."""

import re
from typing import Final

EXCERPT_CHARS: Final = 1024  # ten attempts with their excerpts must fit one DynamoDB item
_SECRETS: Final = re.compile(
    r"""(?ix)
    \b(?:bearer|basic)\s+[a-z0-9._~+/=-]{8,}
    | \b(?:whsec|whsk|psk)_[a-z0-9+/=_-]{8,}
    | \bv1a?,[a-z0-9+/]{40,}={0,2}
    | (?<=authorization)["']?\s*[:=]\s*["']?[^\s"',;}]+(?:\s+[^\s"',;}]+)?
    | (?<=api[_-]key|password|cookie)["']?\s*[:=]\s*["']?[^\s"',;}]+
    | (?<=secret|apikey)["']?\s*[:=]\s*["']?[^\s"',;}]+
    | (?<=token)["']?\s*[:=]\s*["']?[^\s"',;}]+
    """
)


def excerpt(data: bytes) -> str:
    """The beginning of an answer as text, fit for a record that people read."""
    text = data[: 4 * EXCERPT_CHARS].decode("utf-8", "replace").replace("\0", "\ufffd")
    return _SECRETS.sub("[redacted]", text)[:EXCERPT_CHARS]
