"""The check at publish time: every finding by line, made in a jailed, disposable process."""

from __future__ import annotations

import atexit
import threading

from sandbox import settings
from sandbox.host import Sandbox
from sandbox.outcome import Finding  # noqa: TC001 - a public return type

_lock = threading.Lock()
_shared: list[Sandbox] = []


def check(source: str, *, engine: str | None = None) -> list[Finding]:
    """Everything that a reader of this source should know; without errors it may be published.

    Args:
        source: the function's Python.
        engine: `wasm` or `restricted`; None takes the one that the environment asks for.
    """
    return list(_sandbox().check(source, engine=engine))


def _sandbox() -> Sandbox:
    with _lock:
        if not _shared:
            _shared.append(Sandbox(settings.options()))
            atexit.register(_shared[0].close)
        return _shared[0]
