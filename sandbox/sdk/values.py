"""Makes exact values from values of the user's, so that the rest of the sdk never sees others.

A user's subclass of str or dict may have methods that lie. So this module never calls them: it
calls the built-in class's methods on it. Values of other classes are turned into text by the
engine's port.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .run import RUN


def exact_text(value: str) -> str:
    """A text as an exact `str`, with the content that it really has."""
    return value if type(value) is str else str.__str__(value)


def text(value: Any, what: str) -> str:
    """A text as an exact `str`.

    Args:
        value: the text.
        what: what an error's message calls it.

    Raises:
        TypeError: it is no text.
        ValueError: it has a lone surrogate.
    """
    if not isinstance(value, str):
        raise TypeError(f"{what} is text, not {type(value).__name__}")
    result = exact_text(value)
    if not result.isascii():
        RUN.port.plain(result, what=what)
    return result


def shown(value: Any) -> str:
    """Any value as text."""
    return exact_text(value) if isinstance(value, str) else RUN.port.text(value)


def without_surrogates(value: str) -> str:
    """The text with a question mark in place of each lone surrogate, which UTF-8 cannot carry."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def keywords(arguments: dict[str, Any]) -> list[tuple[str, Any]]:
    """Keyword arguments, with their names as exact texts: a name may be a user's subclass too."""
    return [(exact_text(name), value) for name, value in arguments.items()]


def exact_bytes(value: bytes | bytearray) -> bytes:
    """Bytes as exact `bytes`, with the content that they really have."""
    return value if type(value) is bytes else bytes(memoryview(value))


def exact(value: Any) -> str | bytes:
    """A text or bytes as an exact value; anything else as text."""
    if isinstance(value, bytes | bytearray):
        return exact_bytes(value)
    return shown(value)


def pairs(value: Any) -> list[tuple[Any, Any]]:
    """The pairs of a mapping, or of a list of pairs.

    This reads no attribute of the value by its name. It only iterates and subscripts, as user code
    may do itself.

    Raises:
        TypeError: the value cannot be iterated.
        ValueError: it is neither a mapping nor a list of pairs.
    """
    if isinstance(value, dict):
        return list(dict.items(value))
    if isinstance(value, Mapping):
        return [(key, value[key]) for key in value]
    if isinstance(value, str | bytes | int):
        raise ValueError("cannot encode objects that are not 2-tuples")  # noqa: TRY004 - as in requests
    result = []
    for pair in value:
        key, item = pair
        result.append((key, item))
    return result
