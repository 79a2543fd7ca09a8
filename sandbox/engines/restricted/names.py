"""Which names with underscores mean what."""

from __future__ import annotations

import re
from typing import Final

SOURCE_NAME: Final = "function.py"
"""The file that the code of a function says it comes from: tells its lines from the platform's."""

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
"""Methods of the base that super() may reach; none of them hands out anything but values."""

# The public interface of named tuples.
PUBLIC_UNDERSCORES: Final = frozenset({"_asdict", "_replace", "_fields"})
FUTURES: Final = frozenset(
    {"annotations", "division", "generator_stop", "print_function", "unicode_literals"}
)
"""What `from __future__ import` may name; all of it is so anyway."""
CLASS_PATTERNS: Final = frozenset(
    {"str", "int", "float", "bool", "list", "dict", "tuple", "set", "bytes"}
)

_PRIVATE: Final = re.compile(r"_[A-Za-z0-9][A-Za-z0-9_]*")


def is_private(name: str) -> bool:
    """True for names such as `_total`: one leading underscore, none trailing."""
    return _PRIVATE.fullmatch(name) is not None and "__" not in name and not name.endswith("_")
