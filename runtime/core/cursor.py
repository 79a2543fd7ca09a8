"""Cursors: callers pass one back, unread, to go on where a listing stopped.

A cursor contains a position inside one listing of one tenant, never a whole database key. The key
is built anew from the caller's tenant, so a forged cursor can only skip through the forger's own
rows. A checksum refuses a cursor that was cut, edited, or taken from another listing.
"""

import base64
import binascii
import hashlib
import re
from typing import Final

from runtime.errors import BadInput

MAX_LIMIT: Final = 200  # one DynamoDB page of small records, well under the 6 MB of an answer
DEFAULT_LIMIT: Final = 50
MAX_CURSOR_CHARS: Final = 2048  # DynamoDB keys are at most 1 KB each
ALPHABET: Final = re.compile(r"[A-Za-z0-9_-]+")
_CHECK_BYTES: Final = 8


def encode(position: str, *, listing: tuple[str, ...]) -> str:
    """The cursor that continues `listing` (tenant, name, filters) after `position`."""
    text = position.encode()
    return base64.urlsafe_b64encode(_check(text, listing) + text).decode().rstrip("=")


def decode(cursor: str, *, listing: tuple[str, ...]) -> str:
    """The position inside `listing` that `encode` put into the cursor.

    Raises:
        BadInput: code `bad_cursor`: `encode` did not make the cursor for this listing.
    """
    if len(cursor) <= MAX_CURSOR_CHARS and ALPHABET.fullmatch(cursor):
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            check, text = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
            position = text.decode()
        except (binascii.Error, UnicodeDecodeError):
            pass  # the error below is raised
        else:
            # Re-encoding refuses the spellings that a lenient base64 reader lets through.
            if check == _check(text, listing) and encode(position, listing=listing) == cursor:
                return position
    raise BadInput(
        "is not a cursor of this listing; start again without one",
        field="cursor",
        code="bad_cursor",
    )


def _check(text: bytes, listing: tuple[str, ...]) -> bytes:
    scope = "\0".join(("penstock.cursor.v1", *listing)).encode()
    return hashlib.sha256(scope + b"\0\0" + text).digest()[:_CHECK_BYTES]
