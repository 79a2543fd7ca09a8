"""The sandbox's limits, each with its reason. The published table is generated from these."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from sandbox.sdk import quotas

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a function returns, as JSON in UTF-8; published as the function's limit.
MAX_RESULT_BYTES: Final = 1 << 20
# Frames are ASCII, so a result takes more bytes in its frame: "é" is two bytes of UTF-8, and as
# the escape \u00e9 it is six.
ESCAPING_ROOM: Final = 3
MAX_FRAME_BYTES: Final = quotas.MAX_FRAME_BYTES  # from worker to parent; a result may be longer
MAX_ANSWER_FRAME_BYTES: Final = 1 << 21  # from parent to worker: an http body of 1 MB, in base64
MAX_SOURCE_BYTES: Final = 64 * 1024  # in UTF-8
MAX_SOURCE_LINES: Final = 4000
MAX_JSON_DEPTH: Final = 64  # as deep as an event may be: a function can return the event it got
MAX_JSON_NODES: Final = 200_000  # containers and their items; bounds how long a walk takes
INTEGER_LIMIT: Final = 1 << 64  # the parsers of receivers round or refuse what is not below it
ENVELOPE_ROOM_BYTES: Final = 1024  # what the frame of a result holds besides the result
MAX_RESULT_FRAME_BYTES: Final = MAX_RESULT_BYTES * ESCAPING_ROOM + ENVELOPE_ROOM_BYTES
# Lambda answers with at most 6 MB. One result takes less than 2 MB: 1 MB of output with a blank
# after each comma and colon, and the effects and the log. So once the results have this size, one
# more still fits, and no further event is run.
ANSWER_FULL_BYTES: Final = 4 * 1000 * 1000
MAX_ERROR_NAME_CHARS: Final = 100
MAX_ERROR_MESSAGE_CHARS: Final = 2000  # kept in the record of each run
MAX_TRACEBACK_FRAMES: Final = 20
MAX_LOG_MESSAGE_CHARS: Final = quotas.MAX_LOG_MESSAGE_CHARS
MAX_LOG_KEY_CHARS: Final = quotas.MAX_LOG_KEY_CHARS
MAX_LOG_ENTRIES: Final = 1000
HTTP_DEADLINE_S: Final = 10.0  # of one call, from the name's look-up to the body's last byte
MAX_HTTP_URL_CHARS: Final = 4096  # of a URL with its parameters
MAX_HTTP_REQUEST_BYTES: Final = 256 * 1024
MAX_HTTP_ANSWER_BYTES: Final = 1_000_000
MAX_SECRET_CALLS: Final = quotas.MAX_SECRET_CALLS
MAX_DELIVERS: Final = quotas.MAX_DELIVERS
MAX_PROFILE_CHANGES: Final = quotas.MAX_PROFILE_CHANGES
MAX_EFFECTS_BYTES: Final = quotas.MAX_EFFECTS_BYTES
MASKING_ROOM: Final = quotas.MASKING_ROOM
MAX_ZONES: Final = 100  # time zones that one event reads
MAX_FINDINGS: Final = 200
MAX_FINDING_TEXT_CHARS: Final = 4000
COMPILE_WALL_S: Final = 5.0
COMPILE_MEMORY_MB: Final = 256
MAX_RECURSION: Final = 1000  # Python's own default
MAX_COMPILE_RECURSION: Final = 3000  # the policy makes four calls for each level of a source
ZYGOTE_START_S: Final = 30.0  # it loads, warms up and tests the engine; a busy machine is slow
# The zygote forks and reaps in milliseconds. If it takes this long, the machine has no processor
# time to give.
ZYGOTE_ANSWER_S: Final = 10.0
# A function that needs none of these can say so. Without time, memory or a result none can run.
_MAY_BE_ZERO: Final = frozenset({"http_calls", "emits", "log_bytes"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use. The defaults are the caps: a function may set lower values only."""

    wall_s: float = 15.0  # wall clock of one event, with its http calls
    memory_mb: int = 128  # address space beyond that of an empty worker
    result_bytes: int = MAX_RESULT_BYTES  # of the returned value, as JSON in UTF-8
    http_calls: int = 10  # of one event
    emits: int = 100  # events that one event may emit
    log_bytes: int = 64 * 1024  # kept of one event's log; a last entry says that the rest is cut

    @classmethod
    def of(cls, settings: Mapping[str, object] | None) -> Limits:
        """The limits that a function sets, none above its cap.

        Args:
            settings: a limit by its name. A missing one, and one that is no number or too low for
                any run, becomes the cap; None sets none. A limit of calls or of the log may be 0.
        """
        numbers: dict[str, float] = {}
        for field in fields(cls):
            cap = field.default
            assert isinstance(cap, int | float)  # noqa: S101 - every field above has a number
            value = (settings or {}).get(field.name)
            if not isinstance(value, int | float) or isinstance(value, bool) or not value >= 0:
                value = cap
            if value == 0 and field.name not in _MAY_BE_ZERO:
                value = cap
            # The lesser one is made a float: an integer may be too long for one.
            number = float(min(value, cap))
            numbers[field.name] = number if field.name == "wall_s" else int(number)
        return cls(**numbers)  # type: ignore[arg-type]
