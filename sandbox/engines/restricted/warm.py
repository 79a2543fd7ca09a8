"""Makes the standard library load what it would load later, when a worker can open no files."""

from __future__ import annotations

import _strptime  # type: ignore[import-not-found]  # what strptime loads on first use
import base64
import codecs
import datetime as dt
import decimal
import encodings.idna
import hashlib
import random
import time
import unicodedata
import urllib.parse
import zoneinfo
from typing import Final

_CODECS: Final = (
    "utf-8",
    "utf-8-sig",
    "ascii",
    "latin-1",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1252",
)
_LOADED: Final = (_strptime, encodings.idna, unicodedata, zoneinfo)


def up() -> None:
    """Use everything once that loads a module or fills a cache on its first use."""
    for name in _CODECS:
        codecs.lookup(name)
    time.tzset()
    time.localtime()
    dt.datetime.strptime("2000-01-01", "%Y-%m-%d").strftime("%A %B")  # noqa: DTZ007 - warms caches
    decimal.Decimal("1.5").quantize(decimal.Decimal(1))
    random.Random("a").random()  # noqa: S311 - warms up the hashing of a seed that is text
    urllib.parse.unquote("%41")
    base64.b32decode(base64.b32encode(b"a"))
    base64.b85decode(base64.b85encode(b"a"))
    for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b"):
        hashlib.new(name, b"", usedforsecurity=False).hexdigest()
