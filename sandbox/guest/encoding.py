"""Makes CPython's JSON encoder in C once. `json.dumps` would make a new one for each call."""

from __future__ import annotations

import json.encoder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def encoder(
    open_containers: dict[int, Any] | None, default: Callable[[Any], Any] | None
) -> Callable[[Any, int], tuple[str, ...]]:
    """A function that gives a value as pieces of JSON text, in ASCII, without blanks and NaN.

    Its arguments are the value and a level, which is 0.

    Args:
        open_containers: where the encoder keeps the containers that it is in, to find one inside
            itself; None does not look.
        default: turns a value that JSON does not have into one that it has; None has no such rule.
    """
    module: Any = json.encoder
    sort_keys = skip_keys = allow_nan = False
    encode: Callable[[Any, int], tuple[str, ...]] = module.c_make_encoder(
        open_containers, default, module.encode_basestring_ascii, None, ":", ",",
        sort_keys, skip_keys, allow_nan,
    )  # fmt: skip
    return encode
