"""The check at publish time: every finding by line, made in a jailed, disposable process."""

from __future__ import annotations

import atexit
import threading

from sandbox import settings
from sandbox.host import Sandbox
from sandbox.outcome import Finding  # noqa: TC001 - a public return type

_lock = threading.Lock()
_shared: list[Sandbox] = []


def check(source: str) -> list[Finding]:
    """Every reason why this source would be refused; empty when it may be published."""
    return list(_sandbox().check(source))


def _sandbox() -> Sandbox:
    with _lock:
        if not _shared:
            _shared.append(Sandbox(settings.options()))
            atexit.register(_shared[0].close)
        return _shared[0]
