"""Limits that the sdk keeps. The parent enforces the same ones."""

from __future__ import annotations

from typing import Final

MAX_FRAME_BYTES: Final = 1 << 20  # of one operation, as ASCII JSON
MAX_LOG_MESSAGE_CHARS: Final = 8000
MAX_LOG_KEY_CHARS: Final = 100
# The sdk sends so many times what is kept, so that the parent can mask secrets before it cuts.
MASKING_ROOM: Final = 2
MAX_SECRET_CALLS: Final = 20
MAX_DELIVERS: Final = 100
MAX_PROFILE_CHANGES: Final = 100
MAX_EFFECTS_BYTES: Final = 256 * 1024  # emits, deliveries and profile changes of one run, together
