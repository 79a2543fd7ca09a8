"""JSON as this product reads and writes it: one text form, and nothing that JSON does not have."""

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from runtime.errors import BadInput

MAX_DEPTH: Final = 64  # deeper JSON is an attack on recursive readers, not data
# The sandbox has the same limit for results, emits and JSON that is sent. Beyond it many readers of
# JSON round, so that an order's id becomes another order's.
INTEGER_LIMIT: Final = 1 << 64
_TOO_LARGE: Final = "holds an integer beyond 64 bits, which many readers round; send it as a string"


def dump(value: object) -> str:
    """Compact JSON, key order kept, real UTF-8: the one text form of everything we store or send.

    Raises:
        BadInput: NaN or infinity, a lone surrogate, or a value that is not JSON.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        text.encode()
    except (ValueError, TypeError, RecursionError) as problem:
        raise BadInput(f"not JSON: {problem}", code="not_json") from problem
    return text


def load(text: str | bytes, *, wrapped: int = 0, any_integer: bool = False) -> Any:
    """JSON in, plain values out; refuses what JSON does not have.

    Args:
        text: UTF-8.
        wrapped: levels of ours around somebody's value, which may use all of its own.
        any_integer: take integers beyond 64 bits; for texts that have passed a door already.

    Raises:
        BadInput: not UTF-8, not JSON, NaN or infinity, a lone surrogate, nested too deeply, or with
            an integer beyond 64 bits.
    """
    value = decode(text)
    check_json(value, wrapped=wrapped, any_integer=any_integer)
    return value


def decode(text: str | bytes) -> Any:
    """JSON that is not looked into yet: `check_json` must see whatever of it is kept.

    Raises:
        BadInput: not UTF-8, not JSON, NaN or infinity by name, an integer of thousands of digits.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError, _NotJson) as problem:
        raise BadInput(f"not JSON: {problem}", code="not_json") from problem
    except ValueError as problem:  # Python's own limit to the digits that it reads
        raise BadInput(_TOO_LARGE, code="integer_too_large") from problem


def check_json(value: object, *, at: str = "", wrapped: int = 0, any_integer: bool = False) -> None:
    """Refuse whatever has no plain JSON form, naming the field.

    This is the one rule for values from outside. The sandbox holds results, emits and what a
    function sends to the same, so that whatever the door takes passes every later step.

    Args:
        value: what JSON was read as.
        at: the path of `value`, to which those of its parts are added.
        wrapped: levels of ours around somebody's value, which may use all of its own.
        any_integer: take integers beyond 64 bits.

    Raises:
        BadInput: with code `too_deep`, `not_json`, `lone_surrogate` or `integer_too_large`.
    """
    limit = None if any_integer else INTEGER_LIMIT
    todo: list[tuple[str, object, int]] = [(at, value, 0)]
    while todo:
        path, item, depth = todo.pop()
        if depth >= MAX_DEPTH + wrapped and isinstance(item, list | Mapping):
            raise BadInput(f"nested deeper than {MAX_DEPTH} levels", field=path, code="too_deep")
        _check_scalar(item, path, limit)
        if isinstance(item, Mapping):
            for key, child in item.items():
                if not isinstance(key, str):
                    raise BadInput("object keys must be strings", field=path, code="not_json")
                _check_scalar(key, path, limit)
                todo.append((f"{path}.{key}" if path else key, child, depth + 1))
        elif isinstance(item, list):
            todo.extend((f"{path}[{n}]", child, depth + 1) for n, child in enumerate(item))


class _NotJson(ValueError):
    """A constant that Python reads and JSON does not have."""


def _refuse_constant(name: str) -> Any:
    raise _NotJson(f"{name} is not JSON")


def _check_scalar(item: object, path: str, limit: int | None) -> None:
    if isinstance(item, str):
        try:
            item.encode()
        except UnicodeEncodeError as problem:
            raise BadInput("holds a lone surrogate", field=path, code="lone_surrogate") from problem
    elif isinstance(item, int):
        if limit is not None and not -limit < item < limit:
            raise BadInput(_TOO_LARGE, field=path, code="integer_too_large")
    elif isinstance(item, float) and not math.isfinite(item):
        raise BadInput("NaN and infinity are not JSON", field=path, code="not_json")
    elif not isinstance(item, float | list | Mapping) and item is not None:
        raise BadInput(f"{type(item).__name__} has no JSON form", field=path, code="not_json")
