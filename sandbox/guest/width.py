"""Gives `sys.maxsize` the value that it has in a Python of 64 bits; the guest has 32.

Programs use it as a number that is above all others, and times in milliseconds are above that of 32
bits. Modules that use it as the largest size of a slice or a buffer get the real value.
"""

from __future__ import annotations

import csv
import sys
from types import SimpleNamespace
from typing import Final

import dateutil.rrule

from .places import put

_REAL: Final = sys.maxsize
_ELSEWHERE: Final = (1 << 63) - 1
_csv_limit = csv.field_size_limit


def _field_size_limit(*limit: int) -> int:
    """`csv.field_size_limit`. Programs pass `sys.maxsize` to it, to have no limit."""
    return _csv_limit(*(min(each, _REAL) for each in limit))


def install() -> None:
    """Replace `sys.maxsize`, and keep the real value for the modules that need it."""
    streams = sys.modules["compression._common._streams"]
    for module in (dateutil.rrule, streams):  # other modules only compare numbers with it
        put(module, sys=SimpleNamespace(maxsize=_REAL))
    put(csv, field_size_limit=_field_size_limit)
    put(sys, maxsize=_ELSEWHERE)
