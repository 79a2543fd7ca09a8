"""The numbers that user code's side keeps to; the parent counts by the same ones."""

from __future__ import annotations

FRAME_MAX_BYTES = 1 << 20  # of one operation, as ASCII JSON
LOG_MESSAGE_MAX_CHARS = 8000
LOG_KEY_MAX_CHARS = 100
MASKING_ROOM = 2  # times what is kept is sent, so that secrets are masked before the text is cut
SECRET_CALLS_MAX = 20
DELIVERS_MAX = 100
PROFILE_CHANGES_MAX = 100
EFFECTS_MAX_BYTES = 256 * 1024  # emits, deliveries and profile changes of one run, together
