"""The numbers of the sandbox, each with its reason; the published table is made from these."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from sandbox.sdk import quotas

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of UTF-8 JSON: what the platform publishes as a function's limit.
MAX_RESULT_BYTES: Final = 1 << 20
ESCAPING_ROOM: Final = 3  # frames are ASCII: é is two bytes of UTF-8 and six of \u00e9
MAX_FRAME_BYTES: Final = quotas.FRAME_MAX_BYTES  # child → parent, but for a result
MAX_ANSWER_FRAME_BYTES: Final = 1 << 21  # parent → child: a 1 MB http body travels as base64
MAX_SOURCE_BYTES: Final = 64 * 1024
MAX_SOURCE_LINES: Final = 4000
MAX_JSON_DEPTH: Final = 64  # the envelope's own depth: what came in can go out
MAX_JSON_NODES: Final = 200_000
INTEGER_LIMIT: Final = 1 << 64  # beyond it receivers' parsers round or refuse
ENVELOPE_ROOM_BYTES: Final = 1024  # of a frame around a result
MAX_RESULT_FRAME_BYTES: Final = MAX_RESULT_BYTES * ESCAPING_ROOM + ENVELOPE_ROOM_BYTES
# Lambda answers with at most 6 MB, and one result takes less than 2: 1 MB of output, with a blank
# behind each comma and colon, effects and log. Above this the next event is not run any more.
ANSWER_FULL_BYTES: Final = 4 * 1000 * 1000
MAX_ERROR_NAME_CHARS: Final = 100
MAX_ERROR_MESSAGE_CHARS: Final = 2000
MAX_TRACEBACK_FRAMES: Final = 20
MAX_LOG_MESSAGE_CHARS: Final = quotas.LOG_MESSAGE_MAX_CHARS
MAX_LOG_KEY_CHARS: Final = quotas.LOG_KEY_MAX_CHARS
MAX_LOG_ENTRIES: Final = 1000
HTTP_DEADLINE_S: Final = 10.0
MAX_HTTP_URL_CHARS: Final = 4096  # of a URL with its parameters
MAX_HTTP_REQUEST_BYTES: Final = 256 * 1024
MAX_HTTP_ANSWER_BYTES: Final = 1_000_000
MAX_SECRET_CALLS: Final = quotas.SECRET_CALLS_MAX
MAX_DELIVERS: Final = quotas.DELIVERS_MAX
MAX_PROFILE_CHANGES: Final = quotas.PROFILE_CHANGES_MAX
MAX_EFFECTS_BYTES: Final = quotas.EFFECTS_MAX_BYTES
MASKING_ROOM: Final = quotas.MASKING_ROOM
MAX_ZONES: Final = 100
MAX_FINDINGS: Final = 200
MAX_FINDING_TEXT_CHARS: Final = 4000
COMPILE_WALL_S: Final = 5.0
COMPILE_MEMORY_MB: Final = 256
MAX_RECURSION: Final = 1000
MAX_COMPILE_RECURSION: Final = 3000  # the policy takes four calls per level of a source
ZYGOTE_START_S: Final = 30.0
# It forks and reaps in milliseconds; more is a machine without processor.
ZYGOTE_ANSWER_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use; a function may set lower values, never higher ones.

    Attributes:
        wall_s: seconds of wall clock per event, http calls included.
        memory_mb: address space beyond the empty worker's.
        result_bytes: size of the returned value as JSON in UTF-8.
        http_calls: outbound requests per event.
        emits: events emitted per event.
        log_bytes: log text kept per event; the rest is cut, and said so.
    """

    wall_s: float = 15.0
    memory_mb: int = 128
    result_bytes: int = MAX_RESULT_BYTES
    http_calls: int = 10
    emits: int = 100
    log_bytes: int = 64 * 1024

    @classmethod
    def of(cls, wanted: Mapping[str, object] | None) -> Limits:
        """The wanted limits, each cut down to the platform's cap; what is absent is the cap."""
        found: dict[str, float] = {}
        for field in fields(cls):
            cap = field.default
            assert isinstance(cap, int | float)  # noqa: S101 - every field above has a number
            value = (wanted or {}).get(field.name)
            if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
                value = cap
            # The lesser one first: an integer may be too long for a float.
            number = float(min(value, cap))
            found[field.name] = number if field.name == "wall_s" else int(number)
        return cls(**found)  # type: ignore[arg-type]
