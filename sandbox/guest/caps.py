"""The parent's limits, repeated for the guest. The parent enforces its own.

A test compares them with `sandbox.limits`, which is not in the component.
"""

from __future__ import annotations

from typing import Final

MAX_DEPTH: Final = 64
MAX_PARTS: Final = 200_000
INTEGER_LIMIT: Final = 1 << 64
MAX_FRAME_BYTES: Final = 1 << 20
MAX_ERROR_NAME_CHARS: Final = 100
MAX_ERROR_MESSAGE_CHARS: Final = 2000
MAX_TRACEBACK_FRAMES: Final = 20
MASKING_ROOM: Final = 2
MAX_SOURCE_BYTES: Final = 64 * 1024
MAX_SOURCE_LINES: Final = 4000
MAX_FINDINGS: Final = 200
MAX_RECURSION: Final = 1000
"""Nested calls in Python. Each may take a few frames on the native stack, which has room for twice
as many calls."""
