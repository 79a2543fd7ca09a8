"""Values of the user's made into exact ones, at the door: nothing behind it meets their classes.

A subclass of str or dict may say anything about itself, so its own methods are never called: the
methods of the built-in class are, on what it really holds. What is no such value is shown as text
by the engine's port.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .run import RUN


def exact_text(value: str) -> str:
    """What a text really holds, as an exact `str`."""
    return value if type(value) is str else str.__str__(value)


def text(value: Any, what: str) -> str:
    """The text; TypeError for anything else, ValueError for a lone surrogate."""
    if not isinstance(value, str):
        raise TypeError(f"{what} is text, not {type(value).__name__}")
    made = exact_text(value)
    if not made.isascii():
        RUN.port.plain(made, what=what)
    return made


def shown(value: Any) -> str:
    """How a value reads as text, whatever it is."""
    return exact_text(value) if isinstance(value, str) else RUN.port.text(value)


def without_surrogates(value: str) -> str:
    """The text as UTF-8 can carry it: each lone surrogate becomes a question mark."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def keywords(given: dict[str, Any]) -> list[tuple[str, Any]]:
    """Keyword arguments by their exact names: a name may be a subclass as well."""
    return [(exact_text(name), value) for name, value in given.items()]


def exact_bytes(value: bytes | bytearray) -> bytes:
    """What bytes really hold, as exact `bytes`."""
    return value if type(value) is bytes else bytes(memoryview(value))


def exact(value: Any) -> str | bytes:
    """A text or bytes as they are; anything else as it reads."""
    if isinstance(value, bytes | bytearray):
        return exact_bytes(value)
    return shown(value)


def pairs(value: Any) -> list[tuple[Any, Any]]:
    """The keys and values of a mapping, or of a list of pairs; TypeError or ValueError else.

    Nothing is looked up by name on the value: it is iterated and subscripted, as user code may.
    """
    if isinstance(value, dict):
        return list(dict.items(value))
    if isinstance(value, Mapping):
        return [(key, value[key]) for key in value]
    if isinstance(value, str | bytes | int):
        raise ValueError("cannot encode objects that are not 2-tuples")  # noqa: TRY004 - as in requests
    made = []
    for pair in value:
        key, item = pair
        made.append((key, item))
    return made
