"""Names that user code gives and the parent checks once more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Container

_TOPIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_WEBHOOK_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_topic(value: Any) -> bool:
    """True for text that may be a topic; which topics exist is decided by the control plane."""
    return type(value) is str and _TOPIC.fullmatch(value) is not None


def is_webhook_id(value: Any, known: Container[str] | None) -> bool:
    """True for the id of a webhook that this function may deliver to."""
    if type(value) is not str or _WEBHOOK_ID.fullmatch(value) is None:
        return False
    return known is None or value in known
