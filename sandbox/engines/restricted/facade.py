"""A module as user code sees it: a name, and a table that user code cannot reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Facade:
    """Stands for a module; has no attributes at all, the guard looks its members up."""

    __slots__ = ("__weakref__",)

    def __repr__(self) -> str:
        return "<module>"


_tables: dict[Facade, tuple[str, Mapping[str, Any]]] = {}


def make(name: str, members: Mapping[str, Any]) -> Facade:
    """The facade that shows exactly these members."""
    facade = Facade()
    _tables[facade] = (name, members)
    return facade


def members_of(facade: Facade, name: str) -> Any:
    """The member of this name; AttributeError says what there is instead."""
    module, members = _tables[facade]
    try:
        return members[name]
    except KeyError:
        message = f"module '{module}' has no '{name}' here; it offers: {', '.join(sorted(members))}"
        raise AttributeError(message) from None


def only(function: Callable[..., Any], *, keywords: str) -> Callable[..., Any]:
    """The function, taking no keyword arguments but these: the others reach too far."""
    allowed = frozenset(keywords.split())

    def call(*args: Any, **kwargs: Any) -> Any:
        for keyword in kwargs:
            # A name of a class of the user's could equal one of these now, and another later.
            if type(keyword) is not str or keyword not in allowed:
                message = f"{function.__name__}() takes no '{keyword}' here"
                raise TypeError(message)
        return function(*args, **kwargs)

    call.__name__ = call.__qualname__ = function.__name__
    return call


class Marker:
    """Something that is written as a base class but is not one, such as typing.NamedTuple."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[str, dict[str, Any]], Any]) -> None:
        self.make = make
