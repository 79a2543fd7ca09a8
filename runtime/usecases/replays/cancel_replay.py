"""Stop a replay."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from runtime.core.preconditions import ANY, IfMatch
from runtime.core.replays import replay as replays
from runtime.core.replays.replay import Replay, ReplayState, Subject
from runtime.core.timestamps import timestamp
from runtime.errors import Conflict
from runtime.races import Races


class Replays(Protocol):
    """Stores replays."""

    def get(self, tenant: str, subject: Subject, replay_id: str) -> Replay:
        """One replay of this webhook or function.

        Raises:
            NotFound: code `replay_not_found`.
        """

    def replace(self, old: Replay, new: Replay, /) -> Replay | None:
        """Store `new` in the place of `old`; None when `old` has changed meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelReplay:
    """Cancels replays of every kind."""

    replays: Replays
    clock: Callable[[], datetime]
    races: Races = field(default_factory=Races)

    def __call__(
        self, tenant: str, subject: Subject, replay_id: str, *, if_match: IfMatch = ANY
    ) -> Replay:
        """Stop the job. It takes nothing back, and a job that has ended stays as it is.

        Raises:
            NotFound: code `replay_not_found`.
            PreconditionFailed: `if_match` names another ETag than the job has.
            Conflict: code `replay_changed`: the sweep keeps changing the job; try again.
        """
        for _ in self.races:
            replay = self.replays.get(tenant, subject, replay_id)
            if_match.check(replay.etag)
            if replay.state is not ReplayState.RUNNING:
                return replay
            now = timestamp(self.clock())
            cancelled = replays.ended(replay, ReplayState.CANCELLED, now=now)
            after = self.replays.replace(replay, cancelled)
            if after is not None:
                return after
        raise Conflict("is just being worked on; try again", code="replay_changed")
