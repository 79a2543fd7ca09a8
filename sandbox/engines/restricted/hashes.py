"""Hashes of values; a hash that is made from a memory address is refused.

Workers of one zygote share their layout, and an address would tell each where the others are.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import re
import statistics
import uuid
from typing import Any, Final

from sandbox.engines.restricted import kinds

_BY_VALUE: Final[frozenset[type]] = frozenset(
    {str, bytes, int, dt.date, dt.time, dt.datetime, dt.timedelta, dt.timezone, re.Pattern,
     uuid.UUID, statistics.NormalDist, enum.Enum}
)  # fmt: skip
_NUMBERS: Final[frozenset[type]] = frozenset({float, complex, decimal.Decimal})
_HASH_OF_NONE: Final = 0xFCA86420  # what Python 3.12 and later give; before, it is an address


def hash_of(value: Any) -> int:
    """What hash(value) gives; TypeError where that is made from a memory address."""
    if value is None:
        return _HASH_OF_NONE
    base = kinds.definer(type(value).__mro__, "__hash__")
    return hash(value) if base in kinds.OWN else of_base(value, base)


def of_base(value: Any, base: Any) -> int:
    """What the `__hash__` of this built-in class gives for the value; TypeError as above."""
    if base is tuple or base is frozenset:
        items: Any = base(_by_value(item) for item in base.__iter__(value))
        return int(base.__hash__(items))
    if base in _BY_VALUE or (base in _NUMBERS and not base.__ne__(value, value)):  # no NaN
        return int(base.__hash__(value))
    if base.__dict__.get("__hash__") is None:
        raise TypeError(f"unhashable type: '{kinds.type_name(value)}'")
    raise TypeError("hash() of this would be a memory address: use a key of yours")


def _by_value(item: Any) -> Any:
    # A part that Python hashes by value stays as it is, so that the whole has Python's own hash.
    if item is None or isinstance(item, tuple | frozenset):
        return hash_of(item)
    hash_of(item)
    return item
