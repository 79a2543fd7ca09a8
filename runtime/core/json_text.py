"""JSON as this product reads and writes it: one text form, and nothing that JSON does not have."""

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from runtime.errors import BadInput

MAX_DEPTH: Final = 64  # deeper JSON is an attack on recursive readers, not data


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


def load(text: str | bytes, *, wrapped: int = 0) -> Any:
    """JSON in, plain values out; refuses what JSON does not have.

    Args:
        text: UTF-8.
        wrapped: levels of ours around somebody's value, which may use all of its own.

    Raises:
        BadInput: not UTF-8, not JSON, NaN or infinity, a lone surrogate, or nested too deeply.
    """
    value = decode(text)
    check_json(value, wrapped=wrapped)
    return value


def decode(text: str | bytes) -> Any:
    """JSON that is not looked into yet: `check_json` must see whatever of it is kept.

    Raises:
        BadInput: not UTF-8, not JSON, NaN or infinity by name.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as problem:
        raise BadInput(f"not JSON: {problem}", code="not_json") from problem


def check_json(value: object, *, at: str = "", wrapped: int = 0) -> None:
    """Refuse whatever has no plain JSON form, naming the field.

    Raises:
        BadInput: with code `too_deep`, `not_json`, or `lone_surrogate`.
    """
    todo: list[tuple[str, object, int]] = [(at, value, 0)]
    while todo:
        path, item, depth = todo.pop()
        if depth > MAX_DEPTH + wrapped:
            raise BadInput(f"nested deeper than {MAX_DEPTH} levels", field=path, code="too_deep")
        _check_scalar(item, path)
        if isinstance(item, Mapping):
            for key, child in item.items():
                if not isinstance(key, str):
                    raise BadInput("object keys must be strings", field=path, code="not_json")
                _check_scalar(key, path)
                todo.append((f"{path}.{key}" if path else key, child, depth + 1))
        elif isinstance(item, list):
            todo.extend((f"{path}[{n}]", child, depth + 1) for n, child in enumerate(item))


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _check_scalar(item: object, path: str) -> None:
    if isinstance(item, str):
        try:
            item.encode()
        except UnicodeEncodeError as problem:
            raise BadInput("holds a lone surrogate", field=path, code="lone_surrogate") from problem
    elif isinstance(item, float) and not math.isfinite(item):
        raise BadInput("NaN and infinity are not JSON", field=path, code="not_json")
    elif not isinstance(item, int | float | bool | list | Mapping) and item is not None:
        raise BadInput(f"{type(item).__name__} has no JSON form", field=path, code="not_json")
