"""Checks a source before it is published: a jailed process compiles it and lists the findings."""

from __future__ import annotations

import atexit
import threading

from sandbox import settings
from sandbox.host import Sandbox
from sandbox.sdk.finding import Finding  # noqa: TC001 - a public return type

_lock = threading.Lock()
_sandboxes: list[Sandbox] = []


def check(source: str, *, engine: str | None = None) -> list[Finding]:
    """Every finding in this source, in its order. Without an error among them it may be published.

    Args:
        source: the function's Python.
        engine: `wasm` or `restricted`; None takes the engine that the environment names.
    """
    return list(_sandbox().check(source, engine=engine))


def _sandbox() -> Sandbox:
    with _lock:
        if not _sandboxes:
            _sandboxes.append(Sandbox(settings.options()))
            atexit.register(_sandboxes[0].close)
        return _sandboxes[0]
