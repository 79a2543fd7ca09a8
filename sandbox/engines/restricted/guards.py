"""The guards that lowered user code calls: loads and writes of attributes; all deny by default."""

from __future__ import annotations

import functools
import re
import types
from collections import Counter, OrderedDict, defaultdict, deque
from typing import TYPE_CHECKING, Any, Final

from sandbox.engines.restricted import attributes, hashes, kinds, shown
from sandbox.engines.restricted.facade import Facade, members_of
from sandbox.engines.restricted.formatting import exact, safe_format, safe_format_map
from sandbox.engines.restricted.kinds import DENIED, OWN, definer, hidden, type_name, unbound
from sandbox.engines.restricted.names import SUPER_DUNDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MISSING, _ABSENT = object(), object()
_WRITABLE: Final = frozenset({dict, list, defaultdict, OrderedDict, Counter, deque})
DATA_BASES: Final[frozenset[type]] = frozenset(
    {object, dict, list, set, str, int, float, tuple, defaultdict, OrderedDict, Counter}
)
"""Built-in classes that user code may inherit from, besides exceptions and enumerations."""

_TEXT_METHODS: Final[dict[str, Callable[..., str]]] = {
    "format": safe_format,
    "format_map": safe_format_map,
}
_TELLING: Final = frozenset({"__repr__", "__str__", "__format__", "__hash__"})
"""Methods of a base from which an address could be read."""


def guarded_getattr(obj: Any, name: str) -> Any:
    """The attribute, when this exact type may show it; AttributeError otherwise."""
    kind = type(obj)
    allowed = attributes.INSTANCE.get(kind)
    if allowed is None:
        if kind is Facade:
            return members_of(obj, name)
        denied = DENIED.get(kind)
        if denied is not None and name not in denied and name[:1] != "_":
            return getattr(obj, name)  # a class of the user's, and most reads of all are these
    else:
        if name in allowed:
            return getattr(obj, name)
        if name in _TEXT_METHODS and kind is str:
            return functools.partial(_TEXT_METHODS[name], obj)
        if name == "groupindex" and kind is re.Pattern:
            # The view that Python gives hands out its dict by `|`: so it is a view of a copy.
            return types.MappingProxyType(dict(obj.groupindex))
        raise _no_attribute(obj, name)
    return _getattr_of_other(obj, name)


def _getattr_of_other(obj: Any, name: str) -> Any:
    kind = type(obj)
    if type(name) is not str:
        raise TypeError("attribute names are text")
    if kind in OWN:
        return _getattr_of_instance(obj, name)
    if isinstance(obj, type):
        return _getattr_of_class(obj, name)
    if kind is super:
        return _getattr_of_super(obj, name)
    if isinstance(obj, BaseException) and name in attributes.ERROR:
        return getattr(obj, name)
    raise _no_attribute(obj, name)


def _getattr_of_instance(obj: Any, name: str) -> Any:
    if not hidden(type(obj), name):
        return getattr(obj, name)
    if name in _TEXT_METHODS and isinstance(obj, str):
        return functools.partial(_TEXT_METHODS[name], obj)
    raise _no_attribute(obj, name)


def _getattr_of_class(obj: type, name: str) -> Any:
    if obj in OWN:
        if name == "__init__" or (name != "mro" and not hidden(obj, name)):
            value = getattr(obj, name)
            known = type(value) is not types.FunctionType
            return value if known else unbound(value, obj.__mro__, name)
    elif name in attributes.CLASS.get(obj, ()):
        return _strptime(obj) if name == "strptime" else getattr(obj, name)
    elif obj is str and name in _TEXT_METHODS:
        return _TEXT_METHODS[name]
    elif name == "__init__" and (obj in DATA_BASES or issubclass(obj, Exception)):
        return unbound(obj.__init__, obj.__mro__, name)  # type: ignore[misc]
    raise _no_attribute(obj, name)


def _getattr_of_super(obj: Any, name: str) -> Any:
    owner = object.__getattribute__(obj, "__self_class__")
    if owner is None or owner not in OWN or name in DENIED[owner]:
        raise _no_attribute(obj, name)
    if name not in SUPER_DUNDERS and name[:1] == "_" and not kinds.private(name):
        raise _no_attribute(obj, name)
    value = getattr(obj, name)
    if name not in _TELLING and type(value) is not types.FunctionType:
        return value
    above = object.__getattribute__(obj, "__thisclass__")
    classes = owner.__mro__[owner.__mro__.index(above) + 1 :]
    if name not in _TELLING:
        return unbound(value, classes, name)
    of = object.__getattribute__(obj, "__self__")
    return _telling(value, of, base=definer(classes, name), hashed=name == "__hash__")


def _telling(value: Any, of: Any, *, base: type, hashed: bool) -> Callable[..., Any]:
    """The base's hash or text of an object, from which no address can be read."""
    if kinds.written_by_user(base):
        return value  # type: ignore[no-any-return]  # made of what has passed here itself

    def told(*args: Any) -> Any:
        about = args[0] if isinstance(of, type) and args else of
        kinds.need_instance(about, base)
        return hashes.of_base(about, base) if hashed else shown.of_base(about, value(*args))

    return told


def _strptime(of: Any) -> Callable[..., Any]:
    # The C method imports _strptime through its caller's builtins: its caller must be ours.
    def strptime(text: str, fmt: str) -> Any:
        return of.strptime(exact(text), exact(fmt))

    return strptime


def _no_attribute(obj: Any, name: object) -> AttributeError:
    what = "module" if type(obj) is Facade else type_name(obj)
    return AttributeError(f"{what} has no attribute {name!r} here")


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
    if kind in _WRITABLE or kind in OWN or (isinstance(obj, type) and obj in OWN):
        return obj
    if kind in attributes.SETTABLE:
        return _Settable(obj)
    raise TypeError(f"{type_name(obj)} cannot be changed here")


def guarded_augment(obj: Any, name: str) -> Any:
    """The object, when user code may both read and change this attribute of it."""
    guarded_write(obj)
    is_class = isinstance(obj, type)
    kind = obj if is_class else type(obj)
    if kind not in OWN or name == "mro" or hidden(kind, name):
        raise _no_attribute(obj, name)
    if is_class:
        value = getattr(obj, name, None)
        if unbound(value, kind.__mro__, name) is not value:
            raise _no_attribute(obj, name)  # Python would load it without the check of `self`
    return obj


def guarded_setattr(obj: Any, name: str, value: Any, /) -> None:
    """What setattr does, for objects of user classes and public names."""
    setattr(_written(obj, name), name, value)


def guarded_delattr(obj: Any, name: str, /) -> None:
    """What delattr does, for objects of user classes and public names."""
    delattr(_written(obj, name), name)


def _written(obj: Any, name: Any) -> Any:
    # The names that the source could write: `_missing_` is a hook of enumerations, not a name.
    if type(name) is not str or not name.isidentifier():
        raise AttributeError("this name cannot be written")
    if name[:1] == "_" and not kinds.private(name):
        raise AttributeError("this name cannot be written")
    return guarded_write(obj)


def write_fields(obj: Any, values: Iterable[tuple[str, Any]]) -> None:
    """Set fields of an object of the user's, past the `__setattr__` of a frozen class."""
    kind = type(obj)
    denied = DENIED.get(kind)
    for name, value in values:
        if denied is None or ((name in denied or name[:1] == "_") and hidden(kind, name)):
            raise _no_attribute(obj, name)
        object.__setattr__(obj, name, value)


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
    return guarded_builtin_getattr(obj, name, _ABSENT) is not _ABSENT


def values_holder(**values: Any) -> types.SimpleNamespace:
    """Holds the dotted values of one match statement."""
    return types.SimpleNamespace(**values)
