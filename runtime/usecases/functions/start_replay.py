"""Start a job that runs a function's runs again; the sweep works through it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.functions import readiness
from runtime.core.functions.replay import RunReplay
from runtime.core.functions.rerun import VersionChoice
from runtime.core.functions.run import FAILED, Outcome
from runtime.core.jobs.durable import SETTLE_MS
from runtime.core.timestamps import timestamp
from runtime.errors import BadInput
from runtime.usecases.functions import ports


class Replays(Protocol):
    """Stores replays."""

    def add(self, replay: RunReplay) -> None:
        """Store a new replay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRunReplay:
    """Which runs of a function a caller wants to run again."""

    outcomes: Sequence[Outcome] = tuple(sorted(FAILED))
    since: str | None = None  # the earliest `created_at`, ISO 8601; None for no limit
    until: str | None = None  # the latest; None for now
    topic: str | None = None  # None for every topic
    version: VersionChoice = VersionChoice.LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRunReplay:
    """Starts replays of runs."""

    replays: Replays
    functions: ports.Readable
    new_id: Callable[[str], str]
    clock: Callable[[], datetime]

    def __call__(self, tenant: str, name: str, *, wanted: WantedRunReplay) -> RunReplay:
        """Start a job, which the sweep takes up within a minute or two; returns the job.

        It begins with the function itself: the runs of another one that had its name before and was
        removed for good are none of its own.

        Raises:
            NotFound: the tenant has no such function.
            BadInput: code `bad_outcomes`.
            Conflict: the function cannot run: it is disabled or deleted, or has no live version.
        """
        function = self.functions.get(tenant, name)
        if not wanted.outcomes:
            raise BadInput(
                f"must be one or more of {', '.join(Outcome)}",
                field="outcomes",
                code="bad_outcomes",
            )
        # With `same`, each run has the number of its own version.
        version = None if wanted.version is VersionChoice.LIVE else function.latest_version
        readiness.check(function, version=version)
        now = self.clock()
        replay = RunReplay(
            id=self.new_id("rpl"),
            tenant=tenant,
            function=name,
            outcomes=tuple(dict.fromkeys(wanted.outcomes)),
            version=wanted.version,
            created_at=timestamp(now),
            since=max(wanted.since or "", function.created_at),
            until=min(wanted.until or timestamp(now), timestamp(now)),
            topic=wanted.topic,
            due_at_ms=int(now.timestamp() * 1000) + SETTLE_MS,
        )
        self.replays.add(replay)
        return replay
