"""Keeps which classes user code has made, and which of their names it may use."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Final

from sandbox.engines.restricted import attributes
from sandbox.engines.restricted.names import SOURCE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

# The classes that user code has made in this worker. It may write to them and to their instances,
# and read their private names.
OWN: Final[set[type]] = set()
# Those of them whose methods the standard library wrote, such as named tuples.
_MADE_FOR_USER: Final[set[type]] = set()
# For each of them the names that it has from a built-in base, and must not show.
DENIED: Final[dict[type, frozenset[str]]] = {}
_hooks: dict[tuple[type, str], bool] = {}


def adopt(kind: type, *, by_library: bool = False) -> type:
    """Note that this class belongs to the user.

    Args:
        kind: the class.
        by_library: its methods were written by the standard library, not by the user.
    """
    if kind not in DENIED:
        DENIED[kind] = attributes.denied_of_bases(
            [base for base in kind.__mro__ if base not in OWN and base is not kind]
        )
        OWN.add(kind)
        if by_library:
            _MADE_FOR_USER.add(kind)
    return kind


def is_user_class(kind: Any) -> bool:
    """Whether user code has made this class."""
    # The first check keeps out an object that only hashes and compares as a class in `OWN`.
    return isinstance(kind, type) and kind in OWN


def hidden(kind: type, name: str) -> bool:
    """Whether instances of this class, which is the user's, do not show this name."""
    if name[:1] == "_" and not private(name):
        return True
    return name in DENIED[kind] and not _defined_by_user(kind, name)


def private(name: str) -> bool:
    """Whether a name with an underscore is the user's, as `_total` is.

    `__len__` and `_value_` are names of Python's own.
    """
    return name[:2] != "__" and name[-1:] != "_"


def _defined_by_user(kind: type, name: str) -> bool:
    # If a user's subclass of str defines `format`, the name is the user's. If only an instance has
    # it, the class's built-in method is what Python would read, so it is not.
    return written_by_user(definer(kind.__mro__, name))


def written_by_user(kind: type) -> bool:
    """Whether the user wrote this class's methods, and not the standard library."""
    return kind in OWN and kind not in _MADE_FOR_USER


def definer(classes: tuple[type, ...], name: str) -> type:
    """The first of these classes that defines the name; `object` if none does."""
    for base in classes:
        if name in base.__dict__:
            return base
    return object


def type_name(obj: Any) -> str:
    """The name of the object's class, whatever that class says of itself."""
    return class_name(type(obj))


def class_name(kind: type) -> str:
    """The name of this class, whatever its metaclass says."""
    name: str = type.__dict__["__name__"].__get__(kind)
    return name


def need_instance(obj: Any, kind: type) -> None:
    """Check the `self` of a method that is written in Python.

    C methods check it themselves. A Python function would take any object as `self`, also one of
    the platform's, and would read and write it with the platform's rights.

    Raises:
        TypeError: `obj` is no instance of `kind`.
    """
    if kind not in type(obj).__mro__:
        raise TypeError(f"a method of {class_name(kind)} was called for {type_name(obj)}")


def has_own(kind: type, name: str) -> bool:
    """Whether a class of the user's defines this hook, such as `__copy__`, for `kind`."""
    is_own = _hooks.get((kind, name))
    if is_own is None:  # user code cannot set or delete a hook later, so this stays true
        is_own = _hooks[kind, name] = definer(kind.__mro__, name) in OWN
    return is_own


def unbound(value: Any, classes: tuple[type, ...], name: str) -> Any:
    """A class's attribute in the form that user code may hold.

    A method that the user did not write gets a check of its `self`; everything else stays as it is.

    Args:
        value: the attribute.
        classes: the classes in which Python looked for it, in order.
        name: its name.
    """
    if type(value) is not types.FunctionType or value.__code__.co_filename == SOURCE_NAME:
        return value
    base = definer(classes, name)
    if written_by_user(base):
        return value  # methods of a dataclass check `self` themselves; the others are the user's
    return _checked(value, base)


def _checked(function: Callable[..., Any], kind: type) -> Callable[..., Any]:
    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        need_instance(self, kind)
        return function(self, *args, **kwargs)

    return call
