"""A replay: a durable job that does again, page by page, what has ended.

There are two kinds. One sends a webhook's deliveries again, the other makes a function's runs
again. What a page of each is, its own domain says; how a job goes on and ends, this file says.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

from runtime.core.jobs.durable import Durable

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
class Replay(Durable):
    """What the replays of both kinds have."""

    until: str  # it takes what was created up to then, ISO 8601,
    since: str | None = None  # and from then on, ISO 8601; None for the first
    topic: str | None = None  # the topic of their events; None for any
    state: ReplayState = ReplayState.RUNNING
    replayed: int = 0  # how many it has begun again
    passed_over: int = 0  # how many it was asked for and could not begin again

    @property
    def subject(self) -> Subject:
        """Whose deliveries or runs it does again."""
        raise NotImplementedError

    @property
    def work(self) -> str:
        """What it does again."""
        return self.subject.kind

    @property
    def worked(self) -> int:
        """How many records it has begun again."""
        return self.replayed


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
