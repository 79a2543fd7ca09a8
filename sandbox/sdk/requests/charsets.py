"""Finds the encoding of a body, from its headers or from its bytes."""

from __future__ import annotations

import codecs
import encodings
import encodings.aliases
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# The encodings that browsers know (https://encoding.spec.whatwg.org), by Python's names, and
# Python's own forms of Unicode. This module loads each at its import: where user code runs, there
# are no files to load one from.
_NAMES: Final = """
ascii latin_1 utf_7 utf_8 utf_8_sig utf_16 utf_16_be utf_16_le utf_32 utf_32_be utf_32_le
iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9 iso8859_10
iso8859_13 iso8859_14 iso8859_15 iso8859_16 koi8_r koi8_u cp437 cp850 cp852 cp866 cp874 cp1250
cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 mac_roman mac_cyrillic
gb2312 gbk gb18030 big5 big5hkscs euc_jp iso2022_jp shift_jis cp932 euc_kr cp949
"""
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


_OF_HOST_NAMES: Final = "idna punycode"


def _loaded(names: str) -> frozenset[str]:
    names_loaded = set()
    for name in names.split():
        try:
            codecs.lookup(name)
        except LookupError:  # this Python was built without it
            continue
        names_loaded.add(name)
    return frozenset(names_loaded)


_LOADED: Final = _loaded(_NAMES)
_loaded(_OF_HOST_NAMES)


def known(name: str) -> str | None:
    """Python's name for the encoding; None if it cannot be used here."""
    normal_name = encodings.normalize_encoding(name).lower()
    own = encodings.aliases.aliases.get(normal_name, normal_name)
    return own if own in _LOADED else None


def of_headers(headers: Mapping[str, str]) -> str | None:
    """The encoding that Content-Type names or implies; None if it does neither."""
    kind, *params = headers.get("content-type", "").split(";")
    for param in reversed(params):
        key, equals, value = param.partition("=")
        if equals and key.strip("\"' ").lower() == "charset":
            return value.strip("\"' ")
    if "text" in kind:
        return "ISO-8859-1"
    return "utf-8" if "application/json" in kind else None


def of_bytes(content: bytes) -> str:
    """The likely encoding of bytes.

    A mark at their start decides; else it is UTF-8 if they are valid, else Windows-1252.
    """
    for mark, name in _BOMS:
        if content.startswith(mark):
            return name
    if content.isascii():
        return "ascii"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def of_json(content: bytes) -> str | None:
    """The UTF of a JSON text, by its first four bytes; None if these fit none.

    RFC 4627, section 3: the first two characters of a JSON text are ASCII.
    """
    head = content[:4]
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    zeros = "".join("0" if byte == 0 else "x" for byte in head)
    return {
        "xxxx": "utf-8",
        "0x0x": "utf-16-be",
        "x0x0": "utf-16-le",
        "000x": "utf-32-be",
        "x000": "utf-32-le",
    }.get(zeros)


def decode(content: bytes, name: object) -> str:
    """The bytes as text, with replacement characters for what does not fit the encoding.

    An unknown encoding counts as UTF-8.
    """
    own = known(name) if isinstance(name, str) else None
    return content.decode(own or "utf-8", "replace")
