"""The guards that user code calls to read and write attributes. They deny by default.

The policy rewrites user code so that it calls them (see `policy`).
"""

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
_REVEALING: Final = frozenset({"__repr__", "__str__", "__format__", "__hash__"})
"""Methods of a built-in base whose result may show an address."""


def guarded_getattr(obj: Any, name: str) -> Any:
    """The attribute of an object, if user code may read it from this exact type.

    Raises:
        AttributeError: it may not, or there is none.
    """
    kind = type(obj)
    allowed_names = attributes.INSTANCE.get(kind)
    if allowed_names is None:
        if kind is Facade:
            return members_of(obj, name)
        denied_names = DENIED.get(kind)
        if denied_names is not None and name not in denied_names and name[:1] != "_":
            return getattr(obj, name)  # an instance of a user's class: most reads are of this kind
    else:
        if name in allowed_names:
            return getattr(obj, name)
        if name in _TEXT_METHODS and kind is str:
            return functools.partial(_TEXT_METHODS[name], obj)
        if name == "groupindex" and kind is re.Pattern:
            # The view that Python gives hands out its own dict in `view | x`. So this is a view of
            # a copy.
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
            is_plain = type(value) is not types.FunctionType
            return value if is_plain else unbound(value, obj.__mro__, name)
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
    if name not in _REVEALING and type(value) is not types.FunctionType:
        return value
    above = object.__getattribute__(obj, "__thisclass__")
    classes = owner.__mro__[owner.__mro__.index(above) + 1 :]
    if name not in _REVEALING:
        return unbound(value, classes, name)
    bound_to = object.__getattribute__(obj, "__self__")
    return _concealing(value, bound_to, base=definer(classes, name), is_hash=name == "__hash__")


def _concealing(value: Any, bound_to: Any, *, base: type, is_hash: bool) -> Callable[..., Any]:
    """The base's `__hash__` or text method, wrapped so that its result shows no address.

    Args:
        value: the method.
        bound_to: the object that super() bound it to; a class if it is unbound.
        base: the class that defines it.
        is_hash: it is `__hash__`.
    """
    if kinds.written_by_user(base):
        return value  # type: ignore[no-any-return]  # user code, which has passed the guards itself

    def conceal(*args: Any) -> Any:
        subject = args[0] if isinstance(bound_to, type) and args else bound_to
        kinds.need_instance(subject, base)
        return hashes.of_base(subject, base) if is_hash else shown.of_base(subject, value(*args))

    return conceal


def _strptime(kind: Any) -> Callable[..., Any]:
    # The C method imports _strptime through the builtins of its caller, so a function of ours has
    # to be the caller.
    def strptime(text: str, fmt: str) -> Any:
        return kind.strptime(exact(text), exact(fmt))

    return strptime


def _no_attribute(obj: Any, name: object) -> AttributeError:
    owner = "module" if type(obj) is Facade else type_name(obj)
    return AttributeError(f"{owner} has no attribute {name!r} here")


class _Settable:
    """Stands for an object of ours that user code writes to.

    It passes on what `attributes.SETTABLE` allows: all items, and the listed attributes.
    """

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
    """The object, or a stand-in for it, that user code may write to.

    Raises:
        TypeError: user code may not change this object.
    """
    kind = type(obj)
    if kind in _WRITABLE or kind in OWN or (isinstance(obj, type) and obj in OWN):
        return obj
    if kind in attributes.SETTABLE:
        return _Settable(obj)
    raise TypeError(f"{type_name(obj)} cannot be changed here")


def guarded_augment(obj: Any, name: str) -> Any:
    """The object, if user code may both read and change this attribute of it.

    Raises:
        TypeError: user code may not change the object.
        AttributeError: user code may not read the attribute.
    """
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
    """Like setattr, for instances of the user's classes and names that a source could write.

    Raises:
        TypeError: user code may not change the object.
        AttributeError: user code may not set this name.
    """
    setattr(_writable(obj, name), name, value)


def guarded_delattr(obj: Any, name: str, /) -> None:
    """Like delattr, for instances of the user's classes and names that a source could write.

    Raises:
        TypeError: user code may not change the object.
        AttributeError: user code may not delete this name.
    """
    delattr(_writable(obj, name), name)


def _writable(obj: Any, name: Any) -> Any:
    # Only names that a source could write. `_missing_` is not among them: it is a hook of
    # enumerations.
    if type(name) is not str or not name.isidentifier():
        raise AttributeError("this name cannot be written")
    if name[:1] == "_" and not kinds.private(name):
        raise AttributeError("this name cannot be written")
    return guarded_write(obj)


def write_fields(obj: Any, values: Iterable[tuple[str, Any]]) -> None:
    """Set fields of an instance of a user's class, even if the class is frozen.

    Raises:
        AttributeError: user code may not set one of the names.
    """
    kind = type(obj)
    denied_names = DENIED.get(kind)
    for name, value in values:
        if denied_names is None or (
            (name in denied_names or name[:1] == "_") and hidden(kind, name)
        ):
            raise _no_attribute(obj, name)
        object.__setattr__(obj, name, value)


def guarded_builtin_getattr(obj: Any, name: str, default: Any = _MISSING, /) -> Any:
    """Like getattr, through the same guard as `obj.name`.

    Raises:
        AttributeError: user code may not read the attribute, and there is no default.
    """
    try:
        if type(name) is not str or name.startswith("__"):
            raise _no_attribute(obj, name)
        return guarded_getattr(obj, name)
    except AttributeError:
        if default is _MISSING:
            raise
        return default


def guarded_hasattr(obj: Any, name: str, /) -> bool:
    """Whether `obj.name` can be read, through the same guard as `obj.name`."""
    return guarded_builtin_getattr(obj, name, _ABSENT) is not _ABSENT


def values_holder(**values: Any) -> types.SimpleNamespace:
    """An object that holds the dotted values of one match statement (see `policy_match`)."""
    return types.SimpleNamespace(**values)
