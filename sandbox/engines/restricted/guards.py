"""The guards that lowered user code calls: loads, writes, classes; all deny by default."""

from __future__ import annotations

import enum
import functools
import string
import types
from collections import Counter, OrderedDict, defaultdict, deque
from typing import TYPE_CHECKING, Any

from sandbox.engines.restricted import attributes, shown
from sandbox.engines.restricted.facade import Facade, Marker, members_of
from sandbox.engines.restricted.names import SUPER_DUNDERS

if TYPE_CHECKING:
    from collections.abc import Callable

_MISSING = object()


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


_ENUMS = (Enum, IntEnum, StrEnum)
_WRITABLE = frozenset({dict, list, defaultdict, OrderedDict, Counter, deque})
_DATA_BASES = frozenset(
    {object, dict, list, set, str, int, float, tuple, defaultdict, OrderedDict, Counter}
)

# Made by user code in this worker: they may be written to, and their private names be read.
_user_classes: set[type] = set()
_denied: dict[type, frozenset[str]] = {}


class _SafeFormatter(string.Formatter):
    """str.format without attribute access: `{0[key]}` works, `{0.name}` is refused."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        first, rest = _split_field(field_name)
        found = self.get_value(first, args, kwargs)
        for is_attribute, key in rest:
            if is_attribute:
                raise ValueError(f'format field ".{key}" reads an attribute: use an f-string')
            found = found[key]
        return found, first

    def format_field(self, value: Any, format_spec: str) -> str:
        return shown.formatted(value, format_spec)

    def convert_field(self, value: Any, conversion: Any) -> Any:
        convert = _CONVERSIONS.get(conversion)
        return super().convert_field(value, conversion) if convert is None else convert(value)


_CONVERSIONS = {"s": shown.text, "r": shown.representation, "a": shown.plain_ascii}


def _split_field(field_name: str) -> tuple[Any, Any]:
    first, rest = string._string.formatter_field_name_split(field_name)  # type: ignore[attr-defined]  # noqa: SLF001 - what str.format itself uses
    return first, rest


_FORMATTER = _SafeFormatter()


def safe_format(text: Any, /, *args: Any, **kwargs: Any) -> str:
    """What text.format(...) gives, without reaching attributes."""
    if not isinstance(text, str):
        raise TypeError("format needs text")
    return _FORMATTER.vformat(str.__str__(text), args, kwargs)


def safe_format_map(text: Any, mapping: Any, /) -> str:
    """What text.format_map(...) gives, without reaching attributes."""
    if not isinstance(text, str):
        raise TypeError("format_map needs text")
    return _FORMATTER.vformat(str.__str__(text), (), mapping)


_TEXT_METHODS: dict[str, Callable[..., str]] = {
    "format": safe_format,
    "format_map": safe_format_map,
}


def _strptime(of: Any) -> Callable[..., Any]:
    # The C method imports _strptime through its caller's builtins: its caller must be ours.
    def strptime(text: str, fmt: str) -> Any:
        return of.strptime(text, fmt)

    return strptime


def is_user_class(kind: Any) -> bool:
    """True for a class that user code made."""
    return kind in _user_classes


def adopt(kind: type) -> type:
    """Make a class of ours behave as if user code had made it."""
    _user_classes.add(kind)
    _denied[kind] = attributes.denied_of_bases(
        [base for base in kind.__mro__ if base not in _user_classes]
    )
    return kind


def guarded_getattr(obj: Any, name: str) -> Any:
    """The attribute, when this exact type may show it; AttributeError otherwise."""
    allowed = attributes.INSTANCE.get(type(obj))
    if allowed is not None:
        if name in allowed:
            return getattr(obj, name)
        if name in _TEXT_METHODS and type(obj) is str:
            return functools.partial(_TEXT_METHODS[name], obj)
        raise _no_attribute(obj, name)
    return _getattr_of_other(obj, name)


def _getattr_of_other(obj: Any, name: str) -> Any:
    kind = type(obj)
    if kind is Facade:
        return members_of(obj, name)
    if type(name) is not str:
        raise TypeError("attribute names are text")
    if kind in _user_classes:
        return _getattr_of_instance(obj, name)
    if isinstance(obj, type):
        return _getattr_of_class(obj, name)
    if kind is super:
        return _getattr_of_super(obj, name)
    if isinstance(obj, BaseException) and name in attributes.ERROR:
        return getattr(obj, name)
    raise _no_attribute(obj, name)


def _getattr_of_instance(obj: Any, name: str) -> Any:
    if not _hidden(type(obj), name):
        return getattr(obj, name)
    if name in _TEXT_METHODS and isinstance(obj, str):
        return functools.partial(_TEXT_METHODS[name], obj)
    raise _no_attribute(obj, name)


def _getattr_of_class(obj: type, name: str) -> Any:
    if obj in _user_classes:
        if name == "__init__" or (name != "mro" and not _hidden(obj, name)):
            return getattr(obj, name)
    elif name in attributes.CLASS.get(obj, ()):
        return _strptime(obj) if name == "strptime" else getattr(obj, name)
    elif obj is str and name in _TEXT_METHODS:
        return _TEXT_METHODS[name]
    elif name == "__init__" and (obj in _DATA_BASES or issubclass(obj, Exception)):
        return obj.__init__  # type: ignore[misc]
    raise _no_attribute(obj, name)


def _getattr_of_super(obj: Any, name: str) -> Any:
    owner = object.__getattribute__(obj, "__self_class__")
    denied = _denied.get(owner)
    if denied is None or name in denied:
        raise _no_attribute(obj, name)
    if name in SUPER_DUNDERS or not name.startswith("_") or _private(name):
        return getattr(obj, name)
    raise _no_attribute(obj, name)


def _private(name: str) -> bool:
    return name[:2] != "__" and name[-1:] != "_"


def _hidden(kind: type, name: str) -> bool:
    if name[:1] == "_" and not _private(name):
        return True
    return name in _denied[kind]


def _no_attribute(obj: Any, name: object) -> AttributeError:
    what = "module" if type(obj) is Facade else type(obj).__name__
    return AttributeError(f"{what} has no attribute {name!r} here")


def type_name(obj: Any) -> str:
    """What `type(x).__name__` is."""
    name: str = type.__dict__["__name__"].__get__(type(obj))
    return name


class _Settable:
    """Stands for an object of ours while user code writes to it: its items, and listed names."""

    __slots__ = ("_obj",)

    def __init__(self, obj: Any) -> None:
        object.__setattr__(self, "_obj", obj)

    def __setattr__(self, name: str, value: Any) -> None:
        obj = object.__getattribute__(self, "_obj")
        if name not in attributes.SETTABLE[type(obj)]:
            raise AttributeError(f"{type_name(obj)} has no attribute {name!r} that can be set here")
        setattr(obj, name, value)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"the attribute {name!r} cannot be deleted here")

    def __getitem__(self, key: Any) -> Any:
        return object.__getattribute__(self, "_obj")[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        object.__getattribute__(self, "_obj")[key] = value

    def __delitem__(self, key: Any) -> None:
        del object.__getattribute__(self, "_obj")[key]


def guarded_write(obj: Any) -> Any:
    """The object itself, when user code may change it."""
    kind = type(obj)
    if kind in _WRITABLE or kind in _user_classes or (isinstance(obj, type) and is_user_class(obj)):
        return obj
    if kind in attributes.SETTABLE:
        return _Settable(obj)
    raise TypeError(f"{type_name(obj)} cannot be changed here")


def guarded_augment(obj: Any, name: str) -> Any:
    """The object, when user code may both read and change this attribute of it."""
    guarded_write(obj)
    kind = obj if isinstance(obj, type) else type(obj)
    if kind not in _user_classes or name == "mro" or _hidden(kind, name):
        raise _no_attribute(obj, name)
    return obj


def guarded_setattr(obj: Any, name: str, value: Any, /) -> None:
    """What setattr does, for objects of user classes and public names."""
    setattr(_written(obj, name), name, value)


def guarded_delattr(obj: Any, name: str, /) -> None:
    """What delattr does, for objects of user classes and public names."""
    delattr(_written(obj, name), name)


def _written(obj: Any, name: Any) -> Any:
    if type(name) is not str or name.startswith("__") or not name.isidentifier():
        raise AttributeError("this name cannot be written")
    return guarded_write(obj)


def guarded_builtin_getattr(obj: Any, name: str, default: Any = _MISSING, /) -> Any:
    """What getattr does, through the same guard as `obj.name`."""
    try:
        if type(name) is not str or name.startswith("__"):
            raise _no_attribute(obj, name)
        return guarded_getattr(obj, name)
    except AttributeError:
        if default is _MISSING:
            raise
        return default


def guarded_hasattr(obj: Any, name: str, /) -> bool:
    """What hasattr does, through the same guard."""
    return guarded_builtin_getattr(obj, name, None) is not None


def make_class(name: str, bases: tuple[Any, ...], namespace: dict[str, Any]) -> Any:
    """The class that a class statement makes; refuses bases that are not plain data or yours."""
    for base in bases:
        if type(base) is Marker and len(bases) == 1:
            return base.make(name, namespace)
        if not _may_be_base(base):
            raise TypeError(f"a class cannot inherit from {type_name(base)} here")
    namespace.pop("__qualname__", None)
    namespace["__module__"] = "function"
    if "__repr__" not in namespace and _plain(bases):
        namespace["__repr__"] = plain_repr
    if any(isinstance(base, enum.EnumType) for base in bases):
        return adopt(_make_enum(name, bases, namespace))
    return adopt(type(name, bases, namespace))


def _may_be_base(base: Any) -> bool:
    if not isinstance(base, type):
        return False
    return (
        base in _user_classes
        or base in _DATA_BASES
        or base in _ENUMS
        or (issubclass(base, Exception) and base.__module__ in _ERROR_HOMES)
    )


_ERROR_HOMES = frozenset({"builtins", "sandbox.sdk.outcomes", "sandbox.sdk.requests.exceptions"})


def _plain(bases: tuple[Any, ...]) -> bool:
    return all(base is object for base in bases)


def plain_repr(self: Any) -> str:
    """What an instance of a plain class shows."""
    # Python's own shows an address, and all workers of one zygote share their layout.
    return f"<{type_name(self)} object>"


def _make_enum(name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
    prepared = SafeEnumType.__prepare__(name, bases)
    for key, value in namespace.items():
        prepared[key] = value
    made: type = SafeEnumType.__new__(SafeEnumType, name, bases, prepared)
    return made


def values_holder(**values: Any) -> types.SimpleNamespace:
    """Holds the dotted values of one match statement."""
    return types.SimpleNamespace(**values)
