"""Unpacks compressed answers so that secrets in them are masked, and packs them again.

The sandbox asks no server for compressed answers; one that compresses all the same must not carry
a secret past the masking.
"""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_UNPACKED_BYTES: Final = 4 << 20  # a longer answer is neither searched nor handed on
_GZIP, _ZLIB, _BARE = 31, 15, -15  # zlib's `wbits`; `deflate` means zlib, or the bare format
_WAYS: Final = {"gzip": (_GZIP,), "x-gzip": (_GZIP,), "deflate": (_ZLIB, _BARE)}


class TooLong(ValueError):
    """Unpacked, the body is longer than `MAX_UNPACKED_BYTES`."""


def changed(body: bytes, encoding: str, change: Callable[[bytes], bytes]) -> bytes:
    """The body, with `change` applied to its unpacked bytes, and packed again in the same way.

    Args:
        body: the body of an answer.
        encoding: its Content-Encoding. If it names anything but gzip and deflate, or if the body is
            not packed as it says, `change` gets the body's own bytes.
        change: takes the unpacked bytes and gives those to pack. If both are equal, `change` gets
            the body's own bytes as well.

    Raises:
        TooLong: the unpacked body is longer than `MAX_UNPACKED_BYTES`.
    """
    names = [name.strip().lower() for name in encoding.split(",")]
    return _changed(body, [name for name in names if name not in {"", "identity"}], change)


def _changed(body: bytes, names: list[str], change: Callable[[bytes], bytes]) -> bytes:
    content = _unpacked(body, _WAYS.get(names[-1], ())) if names else None
    if content is None:
        return change(body)
    new_content = _changed(content, names[:-1], change)
    if new_content == content:
        return change(body)
    return (
        zlib.compress(new_content)
        if names[-1] == "deflate"
        else gzip.compress(new_content, mtime=0)
    )


def _unpacked(body: bytes, ways: tuple[int, ...]) -> bytes | None:
    """The unpacked body; None if it is not packed in one of these ways."""
    for way in ways:
        unpacker = zlib.decompressobj(way)
        try:
            content = unpacker.decompress(body, MAX_UNPACKED_BYTES)
        except zlib.error:
            continue
        if unpacker.unconsumed_tail:
            raise TooLong
        return content
    return None
