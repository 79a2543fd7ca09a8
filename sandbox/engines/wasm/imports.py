"""The host functions that a guest may call: two clocks, randomness, and frames to its parent.

Its environment, its arguments and its list of directories are empty. A call of anything else that
it imports (files, sockets, streams, exit) is a trap. Nothing has to be refused, because none of it
exists.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Protocol

from sandbox.engines.wasm.values import Adapters

if TYPE_CHECKING:
    from sandbox.engines.wasm.binding import Library


class Parent(Protocol):
    """Takes the guest's frames."""

    def send(self, frame: bytes) -> None:
        """Send one frame."""

    def call(self, frame: bytes) -> bytes:
        """Send one frame, and give the frame that answers it."""


def imports(library: Library, parent: Parent) -> dict[str, dict[str, Any]]:
    """The host functions: by interface without its version, then by name."""
    make = Adapters(library.c)
    return {
        "": {
            "send": make.takes_text(parent.send),
            "call": make.answers_text(parent.call),
        },
        "wasi:cli/environment": {
            "get-environment": make.answers_nothing(),
            "get-arguments": make.answers_nothing(),
            "initial-cwd": make.answers_none(),
        },
        "wasi:filesystem/preopens": {"get-directories": make.answers_nothing()},
        "wasi:clocks/monotonic-clock": {
            "now": make.answers_number(time.monotonic_ns),
            "resolution": make.answers_number(lambda: 1),
        },
        "wasi:clocks/wall-clock": {
            "now": make.answers_moment(time.time_ns),
            "resolution": make.answers_moment(lambda: 1),
        },
        # Each call asks the kernel. All workers are forked from one instance, and a generator that
        # was seeded before the fork would give the same bytes to all of them.
        "wasi:random/random": {
            "get-random-bytes": make.answers_octets(os.urandom),
            "get-random-u64": make.answers_number(lambda: int.from_bytes(os.urandom(8))),
        },
    }
