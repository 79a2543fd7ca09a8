"""What the sandbox measured of a run. Its answer is read as input from outside.

Every function here raises TypeError or ValueError for what the sandbox cannot have measured.
"""

from collections.abc import Mapping
from typing import Any, Final

from runtime.core.functions.function import Limits

MAX_DURATION_MS: Final = 3_600_000  # an hour; a run ends after seconds
MAX_MEMORY_MB: Final = 10_240  # the most that a Lambda function can have
MAX_TEXT_CHARS: Final = 2048  # of a host, a path or a code; the sandbox cuts them shorter


def duration_ms(spent: object) -> float:
    """Milliseconds that the run took; 0 when the sandbox names none."""
    return 0.0 if spent is None else _number(spent, at_most=MAX_DURATION_MS)


def memory_mb(peak: object) -> float | None:
    """The most memory that the run used, in MiB; None when the sandbox names none."""
    return None if peak is None else _number(peak, at_most=MAX_MEMORY_MB)


def http_calls(calls: object) -> tuple[Mapping[str, Any], ...]:
    """The http calls that the run tried to make; empty when the sandbox names none.

    Each has `method`, `host`, `path`, `status`, `error` and `ms`, and nothing else.
    """
    if calls is None:
        return ()
    if not isinstance(calls, list) or len(calls) > Limits().http_calls:
        raise ValueError("http calls are a list of as many as a run may make")
    return tuple(map(_call, calls))


def _call(raw: object) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise TypeError("an http call is an object")
    status, error = raw.get("status"), raw.get("error")
    return {
        "method": _text(raw.get("method")),
        "host": _text(raw.get("host")),
        "path": _text(raw.get("path")),
        "status": None if status is None else int(_number(status, at_most=999)),
        "error": None if error is None else _text(error),
        "ms": duration_ms(raw.get("ms")),
    }


def _number(value: object, *, at_most: int) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= at_most:
        raise ValueError(f"a number from 0 to {at_most} is expected")
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return value[:MAX_TEXT_CHARS]
