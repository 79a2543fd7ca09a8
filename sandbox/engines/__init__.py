"""The engines: what runs a function's code inside the jail. A function names its engine."""

from __future__ import annotations

import importlib
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class EngineName(StrEnum):
    """Closed set: the engines of this sandbox.

    `wasm` is CPython compiled to WebAssembly: Python as people write it. `restricted` is a dialect
    on the host's own CPython: faster where a function computes much in Python itself.
    """

    WASM = "wasm"
    RESTRICTED = "restricted"


PACKAGES: Final[dict[EngineName, tuple[str, ...]]] = {
    EngineName.WASM: (),
    EngineName.RESTRICTED: ("RestrictedPython",),
}
"""The third-party packages that each engine's zygote imports."""


class EngineUnusable(Exception):
    """This installation cannot run the engine; the text says why and what to do."""


class Engine(Protocol):
    """An engine made ready in the zygote; every fork of the zygote has it by copy-on-write."""

    version: str
    """Changes whenever code that an earlier version compiled may not be run by this one."""

    room_bytes: int
    """Memory that a worker of this engine may take beside what the function may take."""

    def faults(self) -> Sequence[str]:
        """What the engine's own self-test found broken, in words; empty when it may be used."""

    def work(self, kind: str, *, memory_bytes: int) -> None:
        """Serve the parent in a jailed worker until it closes the socket or kills the worker.

        Args:
            kind: `compile` or `run`.
            memory_bytes: what the function may take.
        """


def prepare(name: EngineName) -> Engine:
    """Load the engine into this process; EngineUnusable where that is not possible."""
    try:
        worker = importlib.import_module(f"sandbox.engines.{name}.worker")
    except ImportError as problem:
        raise EngineUnusable(f"this bundle has no engine {name}: {problem}") from problem
    engine: Engine = worker.prepare()
    return engine
