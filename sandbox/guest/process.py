"""What a process has of its own: environment, randomness, sleep. Each load makes it anew.

All workers are forked from one warmed instance. What that instance has drawn from its generators
would be drawn again by each of them, so a load draws new seeds from the worker's own host.
"""

from __future__ import annotations

import math
import operator
import os
import random
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any

from . import bridge
from .places import put

if TYPE_CHECKING:
    from collections.abc import Mapping


_FILENAME = "function.py"


def begin(environment: Mapping[str, Any]) -> None:
    """A function is loaded: its declared values are the environment, and the dice are new."""
    # Written past os.putenv: nothing in C is to read the environment, and no value is refused.
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
    """`time.sleep`: the worker sleeps, and the parent's clock goes on."""
    wanted_s = _number(seconds)
    if math.isnan(wanted_s):
        raise ValueError("Invalid value NaN (not a number)")
    if wanted_s < 0:
        raise ValueError("sleep length must be non-negative")
    bridge.sleep(min(wanted_s, _LONGEST_S))


_LONGEST_S = 1e6


def _number(value: Any) -> float:
    try:
        if hasattr(type(value), "__float__"):
            return float(value)
        return float(operator.index(value))
    except TypeError:
        kind = type(value).__name__
        raise TypeError(f"'{kind}' object cannot be interpreted as an integer") from None


def install() -> None:
    """Put our sleep in its place, and leave nothing of the machine that built the component."""
    sleep.__module__ = "time"
    put(time, sleep=sleep)
    os.environ.clear()
    put(uuid, _GETTERS=[])  # there is no network card: a random node
