"""The engines, which run functions' code inside the jail. Each function names its engine."""

from __future__ import annotations

import importlib
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.memory import Measure


class EngineName(StrEnum):
    """The engines of this sandbox; there are no others.

    `wasm` is CPython compiled to WebAssembly, and runs Python as people write it. `restricted` runs
    a dialect on the host's own CPython, and is faster for functions that compute much in Python.
    """

    WASM = "wasm"
    RESTRICTED = "restricted"


PACKAGES: Final[dict[EngineName, tuple[str, ...]]] = {
    EngineName.WASM: (),
    EngineName.RESTRICTED: ("RestrictedPython",),
}
"""The third-party packages that each engine's zygote imports."""


class EngineUnusable(Exception):
    """This installation cannot run the engine; the message says why and what to do."""


class Engine(Protocol):
    """An engine, made ready in the zygote. Each fork of the zygote shares it by copy-on-write."""

    version: str
    """Differs from earlier versions whose compiled code this one must not run."""

    measure: Measure
    """Which number of the kernel's shows how much memory a function takes in a worker."""

    room_bytes: int
    """Memory that a worker may take for the engine itself, on top of the function's limit."""

    def faults(self) -> Sequence[str]:
        """What the engine's self-test found broken, in words; empty if the engine may be used."""

    def work(self, kind: str, *, memory_bytes: int) -> None:
        """Serve the parent, in a jailed worker, until it closes the socket or kills the worker.

        Args:
            kind: `compile` or `run`.
            memory_bytes: memory that the function may take.
        """


def prepare(name: EngineName) -> Engine:
    """Load the engine into this process and make it ready.

    Raises:
        EngineUnusable: this installation cannot run it.
    """
    try:
        worker = importlib.import_module(f"sandbox.engines.{name}.worker")
    except ImportError as problem:
        raise EngineUnusable(f"this bundle has no engine {name}: {problem}") from problem
    engine: Engine = worker.prepare()
    return engine
