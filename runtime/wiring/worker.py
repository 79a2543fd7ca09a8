"""What a queue's function is made of, and what it can learn of its process."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

from runtime import settings
from runtime.core.pacing.message_lease import Received
from runtime.core.pacing.noisy import Waiting

T = TypeVar("T")
Journal = Callable[[Mapping[str, Any]], None]


class Lease(Protocol):
    """Keeps a batch's messages from other workers while this one is at work."""

    def held(self, batch: Sequence[Received]) -> AbstractContextManager[None]:
        """Hold the batch until the block ends."""

    def put_back(self, failed: Sequence[Received]) -> None:
        """Let these come again, later and later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker(Generic[T]):
    """What a queue's function does with its records."""

    decode: Callable[[str], T]  # makes an item of a record's body; raises BadInput if it cannot
    # Works on items. Gives for each None, or the error whose branch decides whether the record is
    # parked or comes again.
    work: Callable[[Sequence[T]], Sequence[Exception | None]]
    # Puts a record that can never be processed into the dead-letter queue.
    park: Callable[..., None]
    # None: the batch of a killed worker comes back at the end of the queue's visibility timeout.
    lease: Lease | None = None
    # Puts messages at the end of the queue, so that others go first; says of each whether it is
    # there. None: no message gives way.
    give_way: Callable[[Sequence[Waiting]], Sequence[bool]] | None = None


def in_lambda() -> bool:
    """Whether this process is a Lambda's. If so, its start is the time to build things."""
    return settings.in_lambda()


def function() -> str:
    """Which of our functions this process is, for its logs and metrics."""
    return settings.function()


def stack() -> str:
    """Which installation this process belongs to, for its metrics; empty for none."""
    return settings.load().stack


def now() -> datetime:
    """The present time, in UTC."""
    return datetime.now(UTC)
