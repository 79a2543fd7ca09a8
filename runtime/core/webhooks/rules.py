"""What a webhook's settings may be. The egress rules check its URL elsewhere."""

import re
from typing import Final

from runtime.core.pacing.concurrency import MAX_CONCURRENCY
from runtime.core.pacing.rate_limit import MAX_COUNT, RateLimit
from runtime.core.webhooks.webhook import MAX_TIMEOUT_S
from runtime.errors import BadInput

MAX_NAME_CHARS: Final = 128
MAX_URL_CHARS: Final = 2048  # as the egress guard, which the sandbox has without our rules, says
# What no name holds: controls; spaces other than the plain one; what shows nothing or turns the
# direction of the text around it; characters that mean nothing to others. The joiners U+200C and
# U+200D are allowed: Persian and emoji are written with them. The ranges stand here because what
# Python takes for printable differs between its versions.
NAME: Final = re.compile(
    "["
    r"^\x00-\x1f\x7f-\xa0\xad\u1680\u180e\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f"
    r"\u3000\ue000-\uf8ff\ufeff\ufff0-\ufffb\ufffe\uffff"
    "]+"
)
MAX_RETRIES: Final = 20
MAX_RETRY_DELAY_S: Final = 24 * 3600  # the last step of the default schedule


def check_name(name: str) -> None:
    """Refuse a name that is empty, too long or not printable.

    Raises:
        BadInput: code `bad_name`.
    """
    if len(name) > MAX_NAME_CHARS or NAME.fullmatch(name) is None:
        raise BadInput(
            f"must be 1 to {MAX_NAME_CHARS} printable characters", field="name", code="bad_name"
        )


def check_timeout(timeout_s: int) -> None:
    """Refuse a deadline that no attempt could meet, or that would occupy a worker too long.

    Raises:
        BadInput: code `bad_timeout`.
    """
    if not 1 <= timeout_s <= MAX_TIMEOUT_S:
        raise BadInput(
            f"must be from 1 to {MAX_TIMEOUT_S} seconds", field="timeout_s", code="bad_timeout"
        )


def check_schedule(delays_s: tuple[int, ...] | None) -> None:
    """Refuse too many retries, and delays out of range. None stands for the default schedule.

    Raises:
        BadInput: code `bad_schedule`.
    """
    if delays_s is None:
        return
    if len(delays_s) > MAX_RETRIES or not all(0 < d <= MAX_RETRY_DELAY_S for d in delays_s):
        raise BadInput(
            f"must be at most {MAX_RETRIES} delays of 1 to {MAX_RETRY_DELAY_S} seconds",
            field="retry_schedule_s",
            code="bad_schedule",
        )


def check_limits(rate: RateLimit | None, max_concurrency: int | None) -> None:
    """Refuse limits that would stop all deliveries, and limits too high to have an effect.

    Raises:
        BadInput: code `bad_rate_limit` or `bad_max_concurrency`.
    """
    if rate is not None and not 1 <= rate.count <= MAX_COUNT:
        raise BadInput(
            f"must be from 1 to {MAX_COUNT}", field="rate_limit.count", code="bad_rate_limit"
        )
    if max_concurrency is not None and not 1 <= max_concurrency <= MAX_CONCURRENCY:
        raise BadInput(
            f"must be from 1 to {MAX_CONCURRENCY}, or null",
            field="max_concurrency",
            code="bad_max_concurrency",
        )
