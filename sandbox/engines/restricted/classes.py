"""How classes of user code come to be: class statements, enumerations, context managers."""

from __future__ import annotations

import enum
import types
from typing import TYPE_CHECKING, Any, Final

from sandbox.engines.restricted import kinds
from sandbox.engines.restricted.errors import StandIn, shown_class
from sandbox.engines.restricted.facade import Marker
from sandbox.engines.restricted.guards import DATA_BASES

if TYPE_CHECKING:
    from collections.abc import Callable


class SafeEnumType(enum.EnumType):
    """The ordinary enumeration without its functional form, which could smuggle in dunder names."""

    def __call__(cls, value: Any) -> Any:  # type: ignore[override]
        """The member with this value."""
        return super().__call__(value)


class Enum(enum.Enum, metaclass=SafeEnumType):
    """Base of enumerations in user code."""


class IntEnum(int, enum.ReprEnum, metaclass=SafeEnumType):
    """Base of integer enumerations in user code."""


class StrEnum(str, enum.ReprEnum, metaclass=SafeEnumType):
    """Base of text enumerations in user code."""

    @staticmethod
    def _generate_next_value_(name: str, *_: Any) -> str:
        return name.lower()


_ENUMS: Final = (Enum, IntEnum, StrEnum)
_ERROR_HOMES: Final = frozenset(
    {"builtins", "sandbox.sdk.outcomes", "sandbox.sdk.requests.exceptions"}
)


def make_class(name: str, bases: tuple[Any, ...], namespace: dict[str, Any]) -> Any:
    """The class that a class statement makes; refuses bases that are not plain data or yours."""
    for base in bases:
        if type(base) is Marker and len(bases) == 1:
            return base.make(name, namespace)
        if not _may_be_base(base):
            shown = kinds.class_name(base) if isinstance(base, type) else kinds.type_name(base)
            raise TypeError(f"a class cannot inherit from {shown} here")
    namespace.pop("__qualname__", None)
    namespace["__module__"] = "function"
    if "__repr__" not in namespace and _plain(bases):
        namespace["__repr__"] = plain_repr
    if "__exit__" in namespace:
        namespace["__exit__"] = Leaving(namespace["__exit__"])
    if any(isinstance(base, enum.EnumType) for base in bases):
        return _make_enum(name, bases, namespace)
    return kinds.adopt(type(name, bases, namespace))


def _may_be_base(base: Any) -> bool:
    if not isinstance(base, type) or type(base) is StandIn:
        return False
    return (
        base in kinds.OWN
        or base in DATA_BASES
        or base in _ENUMS
        or (issubclass(base, Exception) and base.__module__ in _ERROR_HOMES)
    )


def _plain(bases: tuple[Any, ...]) -> bool:
    return all(base is object for base in bases)


def plain_repr(self: Any) -> str:
    """What an instance of a plain class shows."""
    # Python's own shows an address, and all workers of one zygote share their layout.
    return f"<{kinds.type_name(self)} object>"


class Trace:
    """Stands for the traceback that `__exit__` is given: that is there, and shows nothing."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<traceback>"


_TRACE: Final = Trace()


class Leaving:
    """An `__exit__` of the user's: it is given classes that user code may hold, no traceback."""

    __slots__ = ("_written",)

    def __init__(self, written: Any) -> None:
        self._written = written

    def __get__(self, instance: Any, owner: type) -> Callable[..., Any]:
        get = getattr(type(self._written), "__get__", None)
        bound = self._written if get is None else get(self._written, instance, owner)

        def leave(*args: Any) -> Any:
            return bound(*(_TRACE if _is_trace(arg) else shown_class(arg) for arg in args))

        return leave


def _is_trace(arg: Any) -> bool:
    return type(arg) is types.TracebackType


class _Adopts:
    """Makes an enumeration the user's own before Python makes its members, by their `__init__`."""

    def __set_name__(self, owner: type, _name: str) -> None:
        kinds.adopt(owner)


def _make_enum(name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
    prepared = SafeEnumType.__prepare__(name, bases)
    prepared["__adopted__"] = _Adopts()  # first of all: set_name is called in this order
    for key, value in namespace.items():
        prepared[key] = value
    return SafeEnumType.__new__(SafeEnumType, name, bases, prepared)
