"""CPython's own JSON encoder in C, made once: `json.dumps` makes a new one for each call."""

from __future__ import annotations

import json.encoder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def encoder(
    opened: dict[int, Any] | None, default: Callable[[Any], Any] | None
) -> Callable[[Any, int], tuple[str, ...]]:
    """What makes the pieces of ASCII text of a value, with no blanks and no NaN.

    Args:
        opened: where the encoder notes the containers that it is in, to find one inside itself.
        default: makes a value that it knows out of one that it does not.
    """
    module: Any = json.encoder
    sort_keys = skip_keys = allow_nan = False
    made: Callable[[Any, int], tuple[str, ...]] = module.c_make_encoder(
        opened, default, module.encode_basestring_ascii, None, ":", ",",
        sort_keys, skip_keys, allow_nan,
    )  # fmt: skip
    return made
