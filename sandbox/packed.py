"""Answers that came packed, which nobody asked for: a secret in one must not be overlooked."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_UNPACKED_BYTES: Final = 4 << 20  # what is longer is not looked through, and not handed on
_GZIP, _ZLIB, _BARE = 31, 15, -15
_WAYS: Final = {"gzip": (_GZIP,), "x-gzip": (_GZIP,), "deflate": (_ZLIB, _BARE)}


class TooLong(ValueError):
    """Unpacked, the body is longer than what is looked through."""


def changed(body: bytes, encoding: str, change: Callable[[bytes], bytes]) -> bytes:
    """The body with a change made to what is packed in it, and packed again in the same way.

    Args:
        body: of an answer.
        encoding: its Content-Encoding. What packs with anything else than gzip and deflate is
            changed as it is, and so is what is not packed as it says.
        change: given the unpacked bytes; where it changes nothing, the body stays as it is.

    Raises:
        TooLong: unpacked, it is over the limit.
    """
    names = [name.strip().lower() for name in encoding.split(",")]
    return _changed(body, [name for name in names if name not in {"", "identity"}], change)


def _changed(body: bytes, names: list[str], change: Callable[[bytes], bytes]) -> bytes:
    unpacked = _unpacked(body, _WAYS.get(names[-1], ())) if names else None
    if unpacked is None:
        return change(body)
    made = _changed(unpacked, names[:-1], change)
    if made == unpacked:
        return change(body)
    return zlib.compress(made) if names[-1] == "deflate" else gzip.compress(made, mtime=0)


def _unpacked(body: bytes, ways: tuple[int, ...]) -> bytes | None:
    """What is packed in the body; None when it is not packed in one of these ways."""
    for way in ways:
        unpacker = zlib.decompressobj(way)
        try:
            made = unpacker.decompress(body, MAX_UNPACKED_BYTES)
        except zlib.error:
            continue
        if unpacker.unconsumed_tail:
            raise TooLong
        return made
    return None
