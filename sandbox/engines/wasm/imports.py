"""All that a guest may reach: two clocks, randomness, and the frames to its parent.

Its environment and its arguments are empty, it has no directory, and whatever else it imports
(files, sockets, streams, exit) is a trap: nothing has to be refused, because nothing is there.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Protocol

from sandbox.engines.wasm.values import Adapters

if TYPE_CHECKING:
    from sandbox.engines.wasm.binding import Library


class Parent(Protocol):
    """Where the guest's frames go."""

    def send(self, frame: bytes) -> None:
        """One frame out."""

    def call(self, frame: bytes) -> bytes:
        """One frame out, and the one that answers it."""


def imports(library: Library, parent: Parent) -> dict[str, dict[str, Any]]:
    """The host functions, by interface without its version and by name."""
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
        # Asked of the kernel at each call: the workers are forked from one instance, and a
        # generator seeded before the fork would give the same bytes to all of them.
        "wasi:random/random": {
            "get-random-bytes": make.answers_octets(os.urandom),
            "get-random-u64": make.answers_number(lambda: int.from_bytes(os.urandom(8))),
        },
    }
