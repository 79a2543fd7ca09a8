"""A guest counts in 32 bits what other Pythons count in 64; programs should not have to know.

`sys.maxsize` is what people write for a number above all others, and times in milliseconds are
above that of 32 bits. So it says what it says elsewhere. Where it is meant as the largest size, of
a slice or a buffer, the real one is given.
"""

from __future__ import annotations

import csv
import sys
from types import SimpleNamespace

import dateutil.rrule

from .places import put

_REAL = sys.maxsize
_ELSEWHERE = (1 << 63) - 1
_csv_limit = csv.field_size_limit


def _field_size_limit(*limit: int) -> int:
    """`csv.field_size_limit`, which is given `sys.maxsize` to have none."""
    return _csv_limit(*(min(each, _REAL) for each in limit))


def install() -> None:
    """Put them in their places."""
    streams = sys.modules["compression._common._streams"]
    for module in (dateutil.rrule, streams):  # all others only compare with it
        put(module, sys=SimpleNamespace(maxsize=_REAL))
    put(csv, field_size_limit=_field_size_limit)
    put(sys, maxsize=_ELSEWHERE)
