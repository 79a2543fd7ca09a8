"""Reads and writes JSON: in one text form, and without values that JSON does not have."""

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from runtime.errors import BadInput, Place

MAX_DEPTH: Final = 64  # deeper JSON is no data, but an attack on recursive readers
# Many readers of JSON round larger integers, so that an order's id becomes another order's. The
# sandbox has the same limit for results, emitted events and JSON that a function sends.
INTEGER_LIMIT: Final = 1 << 64
_TOO_LARGE: Final = "holds an integer beyond 64 bits, which many readers round; send it as a string"


def dump(value: object) -> str:
    """Write a value as compact JSON in UTF-8 with the keys in their order.

    Everything that is stored or sent has this form.

    Raises:
        BadInput: code `not_json`: JSON cannot express the value, such as NaN, infinity or a lone
            surrogate.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        text.encode()
    except (ValueError, TypeError, RecursionError) as problem:
        raise BadInput(f"not JSON: {problem}", code="not_json") from problem
    return text


def load(text: str | bytes, *, wrapped: int = 0, any_integer: bool = False) -> Any:
    """Read JSON from outside.

    Args:
        text: JSON in UTF-8.
        wrapped: how many levels of our own surround somebody's value; they do not count as depth.
        any_integer: accept integers beyond 64 bits, for texts that were checked before.

    Raises:
        BadInput: the text is not UTF-8 or not JSON (code `not_json`), or `check_json` refuses its
            value.
    """
    value = decode(text)
    check_json(value, wrapped=wrapped, any_integer=any_integer)
    return value


def decode(text: str | bytes) -> Any:
    """Read JSON without checking its values; pass `check_json` every part that you use.

    Raises:
        BadInput: the text is not UTF-8 or not JSON (code `not_json`), or holds an integer of
            thousands of digits (code `integer_too_large`).
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError, _NotJson) as problem:
        raise BadInput(f"not JSON: {problem}", code="not_json") from problem
    except ValueError as problem:  # Python refuses to read an integer of so many digits
        raise BadInput(_TOO_LARGE, code="integer_too_large") from problem


def check_json(
    value: object, *, at: Place = (), wrapped: int = 0, any_integer: bool = False
) -> None:
    """Refuse a value that JSON cannot express, and name the field.

    All values from outside obey this one rule. The sandbox applies it to results, emitted events
    and what a function sends. So every later step accepts what was accepted first.

    Args:
        value: a value that was read from JSON.
        at: the place of `value`; the error adds the steps to the bad part.
        wrapped: how many levels of our own surround somebody's value; they do not count as depth.
        any_integer: accept integers beyond 64 bits.

    Raises:
        BadInput: code `too_deep`, `not_json`, `lone_surrogate` or `integer_too_large`.
    """
    limit = None if any_integer else INTEGER_LIMIT
    todo: list[tuple[Place, object, int]] = [(at, value, 0)]
    while todo:
        place, item, depth = todo.pop()
        if depth >= MAX_DEPTH + wrapped and isinstance(item, list | Mapping):
            raise BadInput(f"nested deeper than {MAX_DEPTH} levels", field=place, code="too_deep")
        _check_scalar(item, place, limit)
        if isinstance(item, Mapping):
            for key, child in item.items():
                if not isinstance(key, str):
                    raise BadInput("object keys must be strings", field=place, code="not_json")
                _check_scalar(key, place, limit)
                todo.append(((*place, key), child, depth + 1))
        elif isinstance(item, list):
            todo.extend(((*place, n), child, depth + 1) for n, child in enumerate(item))


class _NotJson(ValueError):
    """A constant that Python reads although JSON does not have it."""


def _refuse_constant(name: str) -> Any:
    raise _NotJson(f"{name} is not JSON")


def _check_scalar(item: object, place: Place, limit: int | None) -> None:
    if isinstance(item, str):
        try:
            item.encode()
        except UnicodeEncodeError as problem:
            raise BadInput(
                "holds a lone surrogate", field=place, code="lone_surrogate"
            ) from problem
    elif isinstance(item, int):
        if limit is not None and not -limit < item < limit:
            raise BadInput(_TOO_LARGE, field=place, code="integer_too_large")
    elif isinstance(item, float) and not math.isfinite(item):
        raise BadInput("NaN and infinity are not JSON", field=place, code="not_json")
    elif not isinstance(item, float | list | Mapping) and item is not None:
        raise BadInput(f"{type(item).__name__} has no JSON form", field=place, code="not_json")
