"""Texts of objects, without the memory addresses that Python writes into some of them.

Workers of one zygote share their layout, and an address in a log helps nobody. What is data stays
as it is to the letter, and so does what a class of the user's says of itself.
"""

from __future__ import annotations

import itertools
import re
import types
from collections import defaultdict, deque
from typing import Any, Final

_ADDRESS: Final = re.compile(r"( at | @ )0x[0-9a-fA-F]+")
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_PLAIN: Final = (str, int, float, bytes, complex, range, re.Pattern, re.Match, type(None))
_OWN: Final = frozenset(
    {"function", "sandbox.engines.restricted.dataclass", "sandbox.engines.restricted.classes"}
)  # where own texts are written
_MAX_LOOKED_AT: Final = 10_000  # a list may hold itself; what is longer is taken for data


def text(value: Any) -> str:
    """What str(value) gives, without addresses."""
    return _clean(value, str(value), "__str__")


def text_maker(named: Any) -> Any:
    """What a program calls by the name `str`: `text`, unless it means something else by it."""
    return text if named is str else named


def representation(value: Any) -> str:
    """What repr(value) gives, without addresses."""
    return _clean(value, repr(value), "__repr__")


def plain_ascii(value: Any) -> str:
    """What ascii(value) gives, without addresses."""
    return _clean(value, ascii(value), "__repr__")


def formatted(value: Any, spec: str = "", /) -> str:
    """What format(value, spec) gives, without addresses."""
    return _clean(value, format(value, spec), "__format__")


def of_base(value: Any, made: str) -> str:
    """What a built-in class says of a value, whatever the value's own class says, as above."""
    if "0x" not in made or _is_data(_parts(value, "__repr__")):
        return made
    return _ADDRESS.sub(r"\g<1>0x...", made)


def _clean(value: Any, made: str, way: str) -> str:
    if type(value) in _SCALARS or "0x" not in made or _is_data([(value, way)]):
        return made
    return _ADDRESS.sub(r"\g<1>0x...", made)


def _is_data(waiting: list[tuple[Any, str]] | None) -> bool:
    """True when nothing in these values has a text of Python's own making.

    Args:
        waiting: values, and the method that makes the text of each; None for what has no parts.
    """
    if waiting is None:
        return False
    for _ in range(_MAX_LOOKED_AT):
        if not waiting or len(waiting) > _MAX_LOOKED_AT:
            return True
        item, way = waiting.pop()
        if not _speaks_itself(type(item), way):
            parts = _parts(item, way)
            if parts is None:
                return False
            waiting += parts
    return True


def _parts(item: Any, way: str) -> list[tuple[Any, str]] | None:
    """What is in a value, and how that is shown; None where the value's own address may be."""
    if isinstance(item, _PLAIN):
        return []
    if isinstance(item, BaseException):
        alone = len(item.args) == 1 and way != "__repr__" and not isinstance(item, KeyError)
        return [(arg, "__str__" if alone else "__repr__") for arg in item.args]
    if isinstance(item, dict) and not isinstance(item, defaultdict):
        both = itertools.chain(dict.keys(item), dict.values(item))
        return [(part, "__repr__") for part in itertools.islice(both, _MAX_LOOKED_AT)]
    if isinstance(item, list | tuple | set | frozenset | deque):
        return [(part, "__repr__") for part in itertools.islice(item, _MAX_LOOKED_AT)]
    return None


def _speaks_itself(kind: type, way: str) -> bool:
    """True when the text is made by a method of the user's, or by one of ours for the user."""
    made_by = getattr(kind, way)
    if type(made_by) is types.FunctionType and made_by.__module__ in _OWN:
        return True
    following = _FOLLOWING.get(way)  # what object's method calls in its turn
    return (
        following is not None
        and made_by is getattr(object, way)
        and _speaks_itself(kind, following)
    )


_FOLLOWING: Final = {"__format__": "__str__", "__str__": "__repr__"}
