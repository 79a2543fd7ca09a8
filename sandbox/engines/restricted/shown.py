"""Texts of objects, without the memory addresses that Python writes into some of them.

All workers of one zygote share their layout, so an address in one tells where objects lie in the
others. Addresses are replaced only if Python itself wrote them: texts of data, and texts that a
method of the user's made, stay as they are.
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
    """str(value), without addresses."""
    return _clean(value, str(value), "__str__")


def text_maker(callee: Any) -> Any:
    """What a program calls when it writes `str(...)`: `text`, unless it has rebound the name."""
    return text if callee is str else callee


def representation(value: Any) -> str:
    """repr(value), without addresses."""
    return _clean(value, repr(value), "__repr__")


def plain_ascii(value: Any) -> str:
    """ascii(value), without addresses."""
    return _clean(value, ascii(value), "__repr__")


def formatted(value: Any, spec: str = "", /) -> str:
    """format(value, spec), without addresses."""
    return _clean(value, format(value, spec), "__format__")


def of_base(value: Any, base_text: str) -> str:
    """The text that a method of a built-in base made for this value, without addresses."""
    if "0x" not in base_text or _is_data(_parts(value, "__repr__")):
        return base_text
    return _ADDRESS.sub(r"\g<1>0x...", base_text)


def _clean(value: Any, made_text: str, way: str) -> str:
    if type(value) in _SCALARS or "0x" not in made_text or _is_data([(value, way)]):
        return made_text
    return _ADDRESS.sub(r"\g<1>0x...", made_text)


def _is_data(values: list[tuple[Any, str]] | None) -> bool:
    """Whether no text in these values is one into which Python writes an address.

    Args:
        values: the values, each with the method that makes its text; None stands for a value whose
            own address may be in its text.
    """
    if values is None:
        return False
    for _ in range(_MAX_LOOKED_AT):
        if not values or len(values) > _MAX_LOOKED_AT:
            return True
        item, way = values.pop()
        if not _speaks_itself(type(item), way):
            parts = _parts(item, way)
            if parts is None:
                return False
            values += parts
    return True


def _parts(item: Any, way: str) -> list[tuple[Any, str]] | None:
    """The values in a value, each with the method that makes its text.

    None if the text may hold the value's own address.
    """
    if isinstance(item, _PLAIN):
        return []
    if isinstance(item, BaseException):
        alone = len(item.args) == 1 and way != "__repr__" and not isinstance(item, KeyError)
        return [(arg, "__str__" if alone else "__repr__") for arg in item.args]
    if isinstance(item, dict) and not isinstance(item, defaultdict):
        keys_and_values = itertools.chain(dict.keys(item), dict.values(item))
        return [(part, "__repr__") for part in itertools.islice(keys_and_values, _MAX_LOOKED_AT)]
    if isinstance(item, list | tuple | set | frozenset | deque):
        return [(part, "__repr__") for part in itertools.islice(item, _MAX_LOOKED_AT)]
    return None


def _speaks_itself(kind: type, way: str) -> bool:
    """Whether a method of the user's makes the text, or one that we made for a user's class."""
    made_by = getattr(kind, way)
    if type(made_by) is types.FunctionType and made_by.__module__ in _OWN:
        return True
    following = _FOLLOWING.get(way)  # the method that this one calls if it is `object`'s own
    return (
        following is not None
        and made_by is getattr(object, way)
        and _speaks_itself(kind, following)
    )


_FOLLOWING: Final = {"__format__": "__str__", "__str__": "__repr__"}
