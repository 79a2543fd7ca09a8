"""Judges one attempt: from what happened to what happens next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from runtime.core.pacing import schedule

GONE: Final = 410
_WAITS: Final = frozenset({408, 425, 429, 503})  # answers whose Retry-After is honoured
_OK: Final = range(200, 300)
_REDIRECT: Final = range(300, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The receiver said what it thinks of the request: its status line came whole.

    The status decides, even if the rest of the answer broke off or could not be read: the receiver
    has judged the request by then, and to send it again would only make it do the same work twice.
    """

    status: int
    # The values of Retry-After, in order; empty when the header did not come.
    retry_after: tuple[str, ...] = ()
    # Why the rest of the answer did not come, a sentence; None when it did, up to our limit.
    broken: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """No answer came, or none with a whole status line."""

    code: str
    sentence: str


Happening = Answered | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One POST: what happened, what the receiver wrote, and how long each part took."""

    happening: Happening
    answer: bytes = b""
    duration_ms: int = 0
    timing_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has it."""


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try again at this time, epoch milliseconds."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Dead:
    """That was the last attempt."""

    reason: str


@dataclass(frozen=True, slots=True)
class Disable:
    """The receiver wants nothing more, this delivery and all others."""

    reason: str


Judgement = Delivered | RetryAt | Dead | Disable


def judge(
    happening: Happening,
    *,
    attempt: int,
    now: datetime,
    dice: float,
    schedule_s: Sequence[int] = schedule.DEFAULT_SCHEDULE_S,
) -> Judgement:
    """What follows from `happening`.

    Args:
        happening: what came of the POST.
        attempt: its number, from 1.
        now: when it ended.
        dice: 0 to 1, for the jitter.
        schedule_s: the webhook's delays.
    """
    asked_s = None
    if isinstance(happening, Answered):
        if happening.status in _OK:
            return Delivered()
        if happening.status == GONE:
            return Disable("gone")
        if happening.status in _WAITS:
            asked_s = schedule.retry_after_s(happening.retry_after, now=now)
    wait_s = schedule.delay_s(schedule_s, attempt=attempt, dice=dice, retry_after_s=asked_s)
    if wait_s is None:
        return Dead("attempts_exhausted")
    return RetryAt(int((now.timestamp() + wait_s) * 1000))


def error_code(happening: Happening) -> str | None:
    """The stable code of what went wrong; None when nothing did."""
    match happening:
        case Failed(code=code):
            return code
        case Answered(status=status):
            return None if status in _OK else f"http_{status}"


def sentence(happening: Happening) -> str:
    """What went wrong or right, for people."""
    match happening:
        case Failed(sentence=text):
            return text
        case Answered(status=status, broken=None):
            return f"the receiver answered {status}{_advice(status)}"
        case Answered(status=status, broken=rest):
            return f"the receiver answered {status}{_advice(status)}; of the rest: {rest}"


def _advice(status: int) -> str:
    if status == GONE:
        return ": the webhook is disabled"
    if status in _REDIRECT:
        return "; redirects are never followed: use its final URL"
    return ""
