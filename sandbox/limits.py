"""The numbers of the sandbox, each with its reason; the published table is made from these."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from sandbox.sdk import quotas

if TYPE_CHECKING:
    from collections.abc import Mapping

RESULT_MAX_BYTES = 1 << 20  # of UTF-8 JSON: what the platform publishes as a function's limit
ESCAPING_ROOM = 3  # frames are ASCII: é is two bytes of UTF-8 and six of \u00e9
FRAME_MAX_BYTES = quotas.FRAME_MAX_BYTES  # child → parent, but for a result
ANSWER_FRAME_MAX_BYTES = 1 << 21  # parent → child: a 1 MB http body travels as base64
SOURCE_MAX_BYTES = 64 * 1024
SOURCE_MAX_LINES = 4000
JSON_DEPTH_MAX = 64  # the envelope's own depth: what came in can go out
JSON_NODES_MAX = 200_000
INTEGER_LIMIT = 1 << 64  # beyond it receivers' parsers round or refuse
ENVELOPE_ROOM_BYTES = 1024  # of a frame around a result
RESULT_FRAME_MAX_BYTES = RESULT_MAX_BYTES * ESCAPING_ROOM + ENVELOPE_ROOM_BYTES
# Lambda answers with at most 6 MB, and one result takes less than 2: 1 MB of output, with a blank
# behind each comma and colon, effects and log. Above this the next event is not run any more.
ANSWER_FULL_BYTES = 4 * 1000 * 1000
ERROR_NAME_MAX_CHARS = 100
ERROR_MESSAGE_MAX_CHARS = 2000
TRACEBACK_FRAMES_MAX = 20
LOG_MESSAGE_MAX_CHARS = quotas.LOG_MESSAGE_MAX_CHARS
LOG_KEY_MAX_CHARS = quotas.LOG_KEY_MAX_CHARS
LOG_ENTRIES_MAX = 1000
HTTP_DEADLINE_S = 10.0
HTTP_URL_MAX_CHARS = 4096  # of a URL with its parameters
HTTP_REQUEST_MAX_BYTES = 256 * 1024
HTTP_ANSWER_MAX_BYTES = 1_000_000
SECRET_CALLS_MAX = quotas.SECRET_CALLS_MAX
DELIVERS_MAX = quotas.DELIVERS_MAX
PROFILE_CHANGES_MAX = quotas.PROFILE_CHANGES_MAX
EFFECTS_MAX_BYTES = quotas.EFFECTS_MAX_BYTES
MASKING_ROOM = quotas.MASKING_ROOM
ZONES_MAX = 100
FINDINGS_MAX = 200
FINDING_TEXT_MAX_CHARS = 4000
COMPILE_WALL_S = 5.0
COMPILE_MEMORY_MB = 256
RECURSION_MAX = 1000
COMPILE_RECURSION_MAX = 3000  # the policy takes four calls per level of a source
ZYGOTE_START_S = 30.0
ZYGOTE_ANSWER_S = 10.0  # it forks and reaps in milliseconds; more is a machine without processor


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
    result_bytes: int = RESULT_MAX_BYTES
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
