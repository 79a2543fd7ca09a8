"""A replay: a job that does again, page by page, what has ended.

There are two kinds. One sends a webhook's deliveries again, the other makes a function's runs
again. What a page of each is, its own domain says; how a job goes on and ends, this file says.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

from runtime.core import preconditions

# How long a new job waits: what is created at its moment may not be in the index yet.
SETTLE_MS: Final = 10_000
PAGE: Final = 100  # records of one page


class ReplayState(StrEnum):
    """How far a replay is."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    """What a replay does again."""

    DELIVERIES = "deliveries"
    RUNS = "runs"


class Subject(NamedTuple):
    """Whose deliveries or runs a replay does again."""

    kind: Kind
    id: str  # of a webhook, or the name of a function


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What the replays of both kinds have."""

    id: str
    tenant: str
    created_at: str  # ISO 8601
    until: str  # it takes what was created up to then, ISO 8601,
    since: str | None = None  # and from then on, ISO 8601; None for the first
    topic: str | None = None  # the topic of their events; None for any
    state: ReplayState = ReplayState.RUNNING
    replayed: int = 0  # how many it has begun again
    passed_over: int = 0  # how many it was asked for and could not begin again
    cursor: str | None = None  # where the next page begins, in the store's words; None at the start
    finished_at: str | None = None  # ISO 8601; None while it runs
    due_at_ms: int | None = None  # epoch ms of the next page; None when it has ended
    revision: int = 0  # grows by one with each write

    @property
    def subject(self) -> Subject:
        """Whose deliveries or runs it does again."""
        raise NotImplementedError

    @property
    def etag(self) -> str:
        """The ETag of the job as callers see it: how the sweep goes about it does not count."""
        return preconditions.etag(self.as_seen())

    def as_seen(self) -> "Replay":
        """The job without what only the sweep knows."""
        return replace(self, cursor=None, due_at_ms=None, revision=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCount:
    """How many records of one page of a replay were begun again, and how many were not."""

    replayed: int = 0
    # Those that the replay asks for, and that cannot be begun again.
    passed_over: int = 0


R = TypeVar("R", bound=Replay)


def advanced(replay: R, count: PageCount, *, cursor: str | None, now: str) -> R:
    """The job after a page of it; done when that was the last."""
    so_far = replace(
        replay,
        replayed=replay.replayed + count.replayed,
        passed_over=replay.passed_over + count.passed_over,
        cursor=cursor,
    )
    return so_far if cursor is not None else ended(so_far, ReplayState.DONE, now=now)


def ended(replay: R, state: ReplayState, *, now: str) -> R:
    """The job in its last state, in which nobody takes it up again."""
    return replace(replay, state=state, finished_at=now, due_at_ms=None)
