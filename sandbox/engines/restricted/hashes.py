"""The hash() of user code, which refuses hashes that Python makes from memory addresses.

All workers of one zygote share their layout, so an address in one tells where objects lie in the
others.
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
_HASH_OF_NONE: Final = 0xFCA86420  # as in Python 3.12 and later; in 3.11 it is made of an address


def hash_of(value: Any) -> int:
    """Like hash(value).

    Raises:
        TypeError: the value has no hash, or Python would make it from a memory address.
    """
    if value is None:
        return _HASH_OF_NONE
    base = kinds.definer(type(value).__mro__, "__hash__")
    return hash(value) if base in kinds.OWN else of_base(value, base)


def of_base(value: Any, base: Any) -> int:
    """What `base.__hash__(value)` gives, for a built-in class.

    Raises:
        TypeError: the value has no hash, or Python would make it from a memory address.
    """
    if base is tuple or base is frozenset:
        items: Any = base(_by_value(item) for item in base.__iter__(value))
        return int(base.__hash__(items))
    if base in _BY_VALUE or (base in _NUMBERS and not base.__ne__(value, value)):  # no NaN
        return int(base.__hash__(value))
    if base.__dict__.get("__hash__") is None:
        raise TypeError(f"unhashable type: '{kinds.type_name(value)}'")
    raise TypeError("hash() of this would be a memory address: use a key of yours")


def _by_value(item: Any) -> Any:
    # A part that Python hashes by its value stays as it is, so that the whole gets the hash that
    # Python itself gives it.
    if item is None or isinstance(item, tuple | frozenset):
        return hash_of(item)
    hash_of(item)
    return item
