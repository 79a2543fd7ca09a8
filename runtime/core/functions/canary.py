"""A canary: a version that is tried on a share of the events before it is published."""

import hashlib
from typing import Final

from runtime.core.functions.function import Canary, Function

_PARTS: Final = 1 << 32  # as many as the first four bytes of a digest tell apart


def version_for(function: Function, event_id: str) -> int | None:
    """The version that runs on an event: the canary on its share, else the live one; None if none.

    The event's id decides, so a repeated run of an event meets the same version for as long as the
    canary lasts, and a larger share adds events and takes none away.
    """
    canary = function.canary
    if canary is not None and takes(canary, event_id):
        return canary.version
    return function.live_version


def takes(canary: Canary, event_id: str) -> bool:
    """Whether the event is in the share of this canary."""
    digest = hashlib.sha256(f"{canary.id}\0{event_id}".encode()).digest()
    return int.from_bytes(digest[:4]) * 100 < canary.percent * _PARTS
