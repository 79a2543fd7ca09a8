"""What names with underscores mean, and which of them user code may write."""

from __future__ import annotations

import re
from typing import Final

SOURCE_NAME: Final = "function.py"
"""The file name in the code of a function. It tells the function's lines from the platform's."""

_ARITHMETIC: Final = [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "divmod",
    "pow",
    "lshift",
    "rshift",
    "and",
    "xor",
    "or",
    "matmul",
]
DUNDER_METHODS: Final = frozenset(
    [
        "__init__",
        "__post_init__",
        "__repr__",
        "__str__",
        "__format__",
        "__bytes__",
        "__bool__",
        "__hash__",
        "__call__",
        "__len__",
        "__iter__",
        "__next__",
        "__reversed__",
        "__contains__",
        "__getitem__",
        "__setitem__",
        "__delitem__",
        "__missing__",
        "__enter__",
        "__exit__",
        "__eq__",
        "__ne__",
        "__lt__",
        "__le__",
        "__gt__",
        "__ge__",
        "__neg__",
        "__pos__",
        "__abs__",
        "__invert__",
        "__int__",
        "__float__",
        "__index__",
        "__round__",
        "__trunc__",
        "__floor__",
        "__ceil__",
        "__copy__",
        "__deepcopy__",
    ]
) | {f"__{way}{name}__" for name in _ARITHMETIC for way in ("", "r", "i")}

SUPER_DUNDERS: Final = DUNDER_METHODS - {"__call__", "__copy__", "__deepcopy__"}
"""Methods of a base that user code may call by super(). All of them give values only."""

# The public interface of named tuples.
PUBLIC_UNDERSCORES: Final = frozenset({"_asdict", "_replace", "_fields"})
FUTURES: Final = frozenset(
    {"annotations", "division", "generator_stop", "print_function", "unicode_literals"}
)
"""What `from __future__ import` may name. None of it changes anything: Python 3.11 has it already,
and annotations are kept as text anyway."""
CLASS_PATTERNS: Final = frozenset(
    {"str", "int", "float", "bool", "list", "dict", "tuple", "set", "bytes"}
)

_PRIVATE: Final = re.compile(r"_[A-Za-z0-9][A-Za-z0-9_]*")


def is_private(name: str) -> bool:
    """Whether a name is like `_total`: one underscore in front, none at the end, no double ones."""
    return _PRIVATE.fullmatch(name) is not None and "__" not in name and not name.endswith("_")
