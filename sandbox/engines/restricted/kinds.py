"""Which classes user code has made, and which names of them it may use."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Final

from sandbox.engines.restricted import attributes
from sandbox.engines.restricted.names import SOURCE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

# Made by user code in this worker: they may be written to, and their private names be read.
OWN: Final[set[type]] = set()
# Of those, the ones whose body the library wrote: a named tuple's methods are not the user's.
_MADE_FOR_USER: Final[set[type]] = set()
# What a class of the user's has from a built-in base, and still must not show.
DENIED: Final[dict[type, frozenset[str]]] = {}
_hooks: dict[tuple[type, str], bool] = {}


def adopt(kind: type, *, by_library: bool = False) -> type:
    """Count this class among the user's own.

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
    """True for a class that user code made."""
    return isinstance(kind, type) and kind in OWN  # an object could hash and compare as a class


def hidden(kind: type, name: str) -> bool:
    """True for a name that objects of this class of the user's do not show."""
    if name[:1] == "_" and not private(name):
        return True
    return name in DENIED[kind] and not _defined_by_user(kind, name)


def private(name: str) -> bool:
    """True for `_total`; False for `__total`, `__len__` and `_value_`, which are Python's own."""
    return name[:2] != "__" and name[-1:] != "_"


def _defined_by_user(kind: type, name: str) -> bool:
    # A method `format` in a class made from str is the user's. One in the instance only is not:
    # where the class has none of the user's, the built-in one is what would be read.
    return written_by_user(definer(kind.__mro__, name))


def written_by_user(kind: type) -> bool:
    """True for a class of the user's whose body the user wrote."""
    return kind in OWN and kind not in _MADE_FOR_USER


def definer(classes: tuple[type, ...], name: str) -> type:
    """The first of these classes that defines the name; `object` where none does."""
    for base in classes:
        if name in base.__dict__:
            return base
    return object


def type_name(obj: Any) -> str:
    """What `type(x).__name__` is."""
    return class_name(type(obj))


def class_name(kind: type) -> str:
    """The name of this class."""
    name: str = type.__dict__["__name__"].__get__(kind)
    return name


def need_instance(obj: Any, kind: type) -> None:
    """TypeError when a method of this class is called for an object of another one.

    C code checks its `self`; a function written in Python takes whatever it is given, a class or
    an object of the platform's included, and reads and writes that with rights of its own.
    """
    if kind not in type(obj).__mro__:
        raise TypeError(f"a method of {class_name(kind)} was called for {type_name(obj)}")


def has_own(kind: type, name: str) -> bool:
    """True when the class has this hook, such as `__copy__`, from a class of the user's."""
    known = _hooks.get((kind, name))
    if known is None:  # and no hook can be written or deleted later
        known = _hooks[kind, name] = definer(kind.__mro__, name) in OWN
    return known


def unbound(value: Any, classes: tuple[type, ...], name: str) -> Any:
    """What a class shows under this name, with a check of `self` around a method not the user's.

    Args:
        value: what Python found.
        classes: where it was looked for, in order.
        name: the name.
    """
    if type(value) is not types.FunctionType or value.__code__.co_filename == SOURCE_NAME:
        return value
    base = definer(classes, name)
    if written_by_user(base):
        return value  # what dataclass() makes checks for itself; all else the user has put there
    return _checked(value, base)


def _checked(function: Callable[..., Any], kind: type) -> Callable[..., Any]:
    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        need_instance(self, kind)
        return function(self, *args, **kwargs)

    return call
