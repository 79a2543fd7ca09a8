"""str.format and str.format_map without attribute access: `{0[key]}` works, `{0.name}` does not."""

from __future__ import annotations

import _string  # type: ignore[import-not-found]  # the parser that str.format itself uses
from typing import Any, Final

from sandbox.engines.restricted import shown

_CONVERSIONS: Final = {"s": shown.text, "r": shown.representation, "a": shown.plain_ascii}
_NUMBERING, _NUMBERS = "automatic field numbering", "manual field specification"
_MAX_DEPTH: Final = 2  # as in str.format: a format spec may hold fields, but theirs may not


def exact(text: Any) -> Any:
    """An exact str for every text, also of a user's subclass of str; other values as they are.

    Library code that is written in Python calls methods of the texts it gets, with its own objects
    as arguments. Those must not be methods that the user wrote.
    """
    return str.__str__(text) if isinstance(text, str) else text


def safe_format(text: Any, /, *args: Any, **kwargs: Any) -> str:
    """Like `text.format(...)`, but refuses fields that read attributes.

    Raises:
        TypeError: `text` is no str.
        ValueError: a field reads an attribute.
    """
    if not isinstance(text, str):
        raise TypeError("format needs text")
    return _Fields(args, kwargs).render(exact(text), _MAX_DEPTH)


def safe_format_map(text: Any, mapping: Any, /) -> str:
    """Like `text.format_map(...)`, but refuses fields that read attributes.

    Raises:
        TypeError: `text` is no str.
        ValueError: a field reads an attribute.
    """
    if not isinstance(text, str):
        raise TypeError("format_map needs text")
    return _Fields((), mapping).render(exact(text), _MAX_DEPTH)


class _Fields:
    """The values that fill the fields of one template."""

    def __init__(self, positional: tuple[Any, ...], by_name: Any) -> None:
        self._positional = positional
        self._by_name = by_name
        self._next: int | None = None
        self._has_numbers = False

    def render(self, text: str, depth: int) -> str:
        """The template with its fields filled in."""
        if depth == 0:
            raise ValueError("Max string recursion exceeded")
        parts: list[str] = []
        for literal, field, spec, conversion in _string.formatter_parser(text):
            parts.append(literal)
            if field is not None:
                value = self._value(field)
                if conversion is not None:
                    value = _converted(value, conversion)
                parts.append(shown.formatted(value, self.render(spec, depth - 1) if spec else ""))
        return "".join(parts)

    def _value(self, field: str) -> Any:
        first, steps = _string.formatter_field_name_split(field)
        value = self._first(first)
        for is_attribute, key in steps:
            if is_attribute:
                raise ValueError(f'format field ".{key}" reads an attribute: use an f-string')
            value = value[key]
        return value

    def _first(self, first: Any) -> Any:
        if first == "":
            if self._has_numbers:
                raise ValueError(f"cannot switch from {_NUMBERS} to {_NUMBERING}")
            self._next = 0 if self._next is None else self._next + 1
            first = self._next
        elif type(first) is int:
            if self._next is not None:
                raise ValueError(f"cannot switch from {_NUMBERING} to {_NUMBERS}")
            self._has_numbers = True
        if type(first) is str:
            return self._by_name[first]
        try:
            return self._positional[first]
        except IndexError:
            message = f"Replacement index {first} out of range for positional args tuple"
            raise IndexError(message) from None


def _converted(value: Any, conversion: str) -> Any:
    convert = _CONVERSIONS.get(conversion)
    if convert is None:
        raise ValueError(f"Unknown conversion specifier {conversion!r}")
    return convert(value)
