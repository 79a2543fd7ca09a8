"""What a queue's function is made of, and what the process it runs in says of itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from runtime import settings

T = TypeVar("T")
Journal = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker(Generic[T]):
    """What a queue's function does with its records.

    `decode` refuses a body with BadInput; `work` answers for each item None, or the error whose
    branch says whether it is parked or comes again; `park` keeps what can never be processed.
    """

    decode: Callable[[str], T]
    work: Callable[[Sequence[T]], Sequence[Exception | None]]
    park: Callable[..., None]


def in_lambda() -> bool:
    """Whether this process is a Lambda, whose idle start is the time to build things."""
    return settings.in_lambda()


def function() -> str:
    """Which of our functions this process is, for its logs and metrics."""
    return settings.function()


def now() -> datetime:
    """The present."""
    return datetime.now(UTC)
