"""The state of a process: environment, random numbers and sleep. Each load resets it.

All workers are forked from one warmed-up instance, with the state of its random generators. So that
workers do not draw the same numbers, each load takes new seeds from the host.
"""

from __future__ import annotations

import math
import operator
import os
import random
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

from . import bridge
from .places import put

if TYPE_CHECKING:
    from collections.abc import Mapping


_FILENAME: Final = "function.py"


def begin(environment: Mapping[str, Any]) -> None:
    """Set the environment to a function's declared values, and seed the random numbers anew."""
    # This does without os.putenv, which refuses some values: no code in C reads the environment.
    data = os.environ._data  # type: ignore[attr-defined]  # noqa: SLF001 - os has no other way in
    data.clear()
    for name, value in environment.items():
        data[os.fsencode(name)] = str(value).encode("utf-8", "surrogateescape")
    sys.argv[:] = [_FILENAME]
    random.seed()
    for name in ("_node", "_last_timestamp", "_last_timestamp_v7", "_last_counter_v7"):
        if hasattr(uuid, name):
            setattr(uuid, name, 0 if name.startswith("_last_counter") else None)


def sleep(seconds: float, /) -> None:
    """`time.sleep`: the worker sleeps, and the parent's clock runs on.

    Raises:
        TypeError: `seconds` is no number.
        ValueError: it is negative or NaN.
    """
    length_s = _number(seconds)
    if math.isnan(length_s):
        raise ValueError("Invalid value NaN (not a number)")
    if length_s < 0:
        raise ValueError("sleep length must be non-negative")
    bridge.sleep(min(length_s, _LONGEST_S))


_LONGEST_S: Final = 1e6


def _number(value: Any) -> float:
    try:
        if hasattr(type(value), "__float__"):
            return float(value)
        return float(operator.index(value))
    except TypeError:
        kind = type(value).__name__
        raise TypeError(f"'{kind}' object cannot be interpreted as an integer") from None


def install() -> None:
    """Replace time.sleep, and forget the environment of the machine that builds the component."""
    sleep.__module__ = "time"
    put(time, sleep=sleep)
    os.environ.clear()
    put(uuid, _GETTERS=[])  # there is no network card, so uuid1() uses a random node
