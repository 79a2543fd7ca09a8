"""Texts of objects, without the memory addresses that Python writes into some of them.

Workers of one zygote share their layout, and an address in a log helps nobody. What is data stays
as it is to the letter, and so does what a class of the user's says of itself.
"""

from __future__ import annotations

import re
import types
from collections import defaultdict, deque
from typing import Any

_ADDRESS = re.compile(r"( at | @ )0x[0-9a-fA-F]+")
_SCALARS = frozenset({str, int, float, bool, type(None)})
_PLAIN = (str, int, float, bytes, complex, range, re.Pattern, re.Match, type(None))
_OWN = frozenset(
    {"function", "sandbox.engines.restricted.dataclass", "sandbox.engines.restricted.classes"}
)  # where own texts are written
_LOOKED_AT_MAX = 10_000  # a list may hold itself; what is longer is taken for data


def text(value: Any) -> str:
    """What str(value) gives, without addresses."""
    return _clean(value, str(value))


def text_maker(named: Any) -> Any:
    """What a program calls by the name `str`: `text`, unless it means something else by it."""
    return text if named is str else named


def representation(value: Any) -> str:
    """What repr(value) gives, without addresses."""
    return _clean(value, repr(value))


def plain_ascii(value: Any) -> str:
    """What ascii(value) gives, without addresses."""
    return _clean(value, ascii(value))


def formatted(value: Any, spec: str = "", /) -> str:
    """What format(value, spec) gives, without addresses."""
    return _clean(value, format(value, spec))


def of_base(value: Any, made: str) -> str:
    """What a built-in class says of a value, without addresses; the value's own class may differ."""
    if "0x" not in made or _is_data(value, speaks=False):
        return made
    return _ADDRESS.sub(r"\g<1>0x...", made)


def _clean(value: Any, made: str) -> str:
    if type(value) in _SCALARS or "0x" not in made or _is_data(value, speaks=True):
        return made
    return _ADDRESS.sub(r"\g<1>0x...", made)


def _is_data(value: Any, *, speaks: bool) -> bool:
    """True when nothing in it has a text of Python's own making."""
    waiting = [value]
    for looked_at in range(_LOOKED_AT_MAX):
        if not waiting:
            return True
        item = waiting.pop()
        if isinstance(item, _PLAIN):
            continue
        if (speaks or looked_at) and _speaks_itself(type(item)):
            continue
        if isinstance(item, BaseException):
            waiting.extend(item.args)
        elif isinstance(item, dict) and not isinstance(item, defaultdict):
            waiting.extend(dict.keys(item))
            waiting.extend(dict.values(item))
        elif isinstance(item, list | tuple | set | frozenset | deque):
            waiting.extend(item)
        else:
            return False
    return True


def _speaks_itself(kind: type) -> bool:
    makers = (kind.__str__, kind.__repr__)
    return any(type(each) is types.FunctionType and each.__module__ in _OWN for each in makers)
