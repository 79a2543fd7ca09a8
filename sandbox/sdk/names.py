"""Checks names from user code. The parent uses the same checks again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Container

_TOPIC: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_WEBHOOK_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_topic(value: Any) -> bool:
    """Whether a value may be a topic. Whether the topic exists is up to the control plane."""
    return type(value) is str and _TOPIC.fullmatch(value) is not None


def is_webhook_id(value: Any, allowed_ids: Container[str] | None) -> bool:
    """Whether a value is the id of a webhook that this function may deliver to.

    Args:
        value: the value.
        allowed_ids: the ids that it may deliver to; None allows any.
    """
    if type(value) is not str or _WEBHOOK_ID.fullmatch(value) is None:
        return False
    return allowed_ids is None or value in allowed_ids
