"""What the parent takes, as the guest keeps to it; the parent's own numbers are what counts.

A test compares them with `sandbox.limits`, which is not in the component.
"""

from __future__ import annotations

DEPTH_MAX = 64
PARTS_MAX = 200_000
INTEGER_LIMIT = 1 << 64
FRAME_MAX_BYTES = 1 << 20
ERROR_NAME_MAX_CHARS = 100
ERROR_MESSAGE_MAX_CHARS = 2000
TRACEBACK_FRAMES_MAX = 20
MASKING_ROOM = 2
SOURCE_MAX_BYTES = 64 * 1024
SOURCE_MAX_LINES = 4000
FINDINGS_MAX = 200
RECURSION_MAX = 1000
"""Calls of Python's; each may take a few frames of the machine's stack, which holds twice that."""
