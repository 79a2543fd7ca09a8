"""When to try again: the schedule, its jitter, and what the receiver asks for."""

import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

# After the first try; 75 h in all, as Standard Webhooks advises.
DEFAULT_SCHEDULE_S: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER: Final = 0.2  # of the delay, either way: what failed together must not return together
MAX_RETRY_AFTER_S: Final = 86_400  # a receiver may ask for a day, no more
_DELAY_SECONDS: Final = re.compile(r"[0-9]+(\.[0-9]+)?")


def delay_s(
    schedule_s: Sequence[int], *, attempt: int, dice: float, retry_after_s: float | None = None
) -> float | None:
    """Seconds to wait after attempt number `attempt` failed; None when it was the last.

    Args:
        schedule_s: the delays after the first, second, … attempt.
        attempt: the number of the attempt that failed, from 1.
        dice: 0 to 1; 0.5 is no jitter.
        retry_after_s: what the receiver asked for; it only ever lengthens, up to a day.
    """
    if attempt > len(schedule_s):
        return None
    own_s = schedule_s[attempt - 1] * (1 - JITTER + 2 * JITTER * dice)
    if retry_after_s is None:
        return own_s
    return max(own_s, min(retry_after_s, MAX_RETRY_AFTER_S))


def retry_after_s(values: Iterable[str], *, now: datetime) -> float | None:
    """Seconds that `Retry-After` headers ask for; of several headers the longest wait.

    None without a header, and when none of them makes sense (RFC 9110 10.2.3).
    """
    waits_s = [seconds for value in values if (seconds := _seconds(value.strip(), now)) is not None]
    return max(waits_s, default=None)


def _seconds(value: str, now: datetime) -> float | None:
    if _DELAY_SECONDS.fullmatch(value):
        # Compares lengths before it makes a number: a thousand digits ask for the maximum.
        whole, _, fraction = value.partition(".")
        if len(whole.lstrip("0")) > len(str(MAX_RETRY_AFTER_S)):
            return float(MAX_RETRY_AFTER_S)
        return float(math.ceil(float(f"{whole}.{fraction or 0}")))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:  # asctime has no zone; HTTP dates are always GMT
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
