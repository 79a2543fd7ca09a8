"""Makes the classes of user code: from class statements, with enumerations and context managers."""

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
    """The ordinary metaclass of enumerations, without `Enum("Name", ...)`.

    That functional form takes names as texts, and so could define dunder names.
    """

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
    """Make the class of a class statement.

    Raises:
        TypeError: a base is neither a class of the user's nor one for plain data.
    """
    for base in bases:
        if type(base) is Marker and len(bases) == 1:
            return base.make(name, namespace)
        if not _may_be_base(base):
            base_name = kinds.class_name(base) if isinstance(base, type) else kinds.type_name(base)
            raise TypeError(f"a class cannot inherit from {base_name} here")
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
    """The text of an instance whose class defines no `__repr__`."""
    # Python's own text has the object's address, and all workers of one zygote share their layout.
    return f"<{kinds.type_name(self)} object>"


class Trace:
    """Stands for the traceback that `__exit__` gets. It shows nothing and has no attributes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<traceback>"


_TRACE: Final = Trace()


class Leaving:
    """Wraps an `__exit__` of the user's.

    The method gets a stand-in for the class of an exception where user code may not hold the real
    one, and `Trace` instead of the traceback.
    """

    __slots__ = ("_method",)

    def __init__(self, method: Any) -> None:
        self._method = method

    def __get__(self, instance: Any, owner: type) -> Callable[..., Any]:
        get = getattr(type(self._method), "__get__", None)
        exit_method = self._method if get is None else get(self._method, instance, owner)

        def leave(*args: Any) -> Any:
            return exit_method(*(_TRACE if _is_trace(arg) else shown_class(arg) for arg in args))

        return leave


def _is_trace(arg: Any) -> bool:
    return type(arg) is types.TracebackType


class _Adopts:
    """Adopts an enumeration for the user before Python creates its members.

    The members' `__init__` is user code, and needs the class to be adopted already.
    """

    def __set_name__(self, owner: type, _name: str) -> None:
        kinds.adopt(owner)


def _make_enum(name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
    body = SafeEnumType.__prepare__(name, bases)
    body["__adopted__"] = _Adopts()  # first: Python calls `__set_name__` in this order
    for key, value in namespace.items():
        body[key] = value
    return SafeEnumType.__new__(SafeEnumType, name, bases, body)
