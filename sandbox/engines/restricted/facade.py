"""Modules as user code sees them: objects without attributes, and a table of members for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Facade:
    """Stands for a module. It has no attributes: the guard looks members up in a table."""

    __slots__ = ("__weakref__",)

    def __repr__(self) -> str:
        return "<module>"


_tables: dict[Facade, tuple[str, Mapping[str, Any]]] = {}


def make(name: str, members: Mapping[str, Any]) -> Facade:
    """Make the facade of a module that has exactly these members."""
    facade = Facade()
    _tables[facade] = (name, members)
    return facade


def members_of(facade: Facade, name: str) -> Any:
    """The member of this name.

    Raises:
        AttributeError: there is none; the message lists those that there are.
    """
    module, members = _tables[facade]
    try:
        return members[name]
    except KeyError:
        message = f"module '{module}' has no '{name}' here; it offers: {', '.join(sorted(members))}"
        raise AttributeError(message) from None


def only(function: Callable[..., Any], *, keywords: str) -> Callable[..., Any]:
    """The function, limited to these keyword arguments. The others would let user code do too much.

    Args:
        function: the function.
        keywords: the names of the keyword arguments, with blanks between them.
    """
    allowed_names = frozenset(keywords.split())

    def call(*args: Any, **kwargs: Any) -> Any:
        for keyword in kwargs:
            # An instance of a user's subclass of str could equal an allowed name now, and another
            # name later.
            if type(keyword) is not str or keyword not in allowed_names:
                message = f"{function.__name__}() takes no '{keyword}' here"
                raise TypeError(message)
        return function(*args, **kwargs)

    call.__name__ = call.__qualname__ = function.__name__
    return call


class Marker:
    """Something that user code writes as a base class but is none, such as typing.NamedTuple.

    Args:
        make: makes the class from its name and its namespace.
    """

    __slots__ = ("make",)

    def __init__(self, make: Callable[[str, dict[str, Any]], Any]) -> None:
        self.make = make
