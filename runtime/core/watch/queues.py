"""What of a queue's state a person must hear of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

# How long the oldest message may wait, by the name that the template gives the queue, in seconds.
# An event's way is short and everybody waits for it; who asks for runs expects a function's retries
# among them; a delivery may wait 15 minutes for its next attempt, and the archive gathers.
PATIENCE_S: Final[Mapping[str, int]] = {
    "MatchQueue": 300,
    "RunQueue": 600,
    "ProfileQueue": 900,
    "ArchiveQueue": 900,
    "DeliverQueue": 1800,
    "SlowQueue": 1800,
    "SyncQueue": 1800,
    "ProfileStream": 1800,
    "OutcomeStream": 1800,
}
EVERY_MIN: Final = 6  # each look at twenty queues is twenty calls; so they cost six cents a month


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What a look at the queues has found."""

    dead: Mapping[str, int]  # how many dead letters a queue holds, by its name; those with any
    # For how many seconds longer than it may the oldest message of a queue has waited, by its name.
    late_s: Mapping[str, int]

    @property
    def measures(self) -> dict[str, int]:
        """What alarms read; nothing while there is no trouble, because a metric costs by the hour.

        `dead_letters` counts those of all queues, `queue_late_s` is of the queue that is latest.
        """
        dead, latest_s = sum(self.dead.values()), max(self.late_s.values(), default=0)
        return {
            name: number
            for name, number in (("dead_letters", dead), ("queue_late_s", latest_s))
            if number
        }

    def __len__(self) -> int:
        """How many queues are in trouble."""
        return len(self.dead) + len(self.late_s)


def is_due(now: datetime) -> bool:
    """Whether the call of this minute looks at the queues."""
    return now.minute % EVERY_MIN == 0


def judge(counts: Mapping[str, int], ages_s: Mapping[str, int]) -> Trouble:
    """What is wrong with the queues.

    Args:
        counts: how many messages each has that nobody works on, by the queue's name.
        ages_s: how old the oldest message of a queue is, by the queue's name.
    """
    late_s = {name: age_s - PATIENCE_S[name] for name, age_s in ages_s.items()}
    return Trouble(
        dead={name: count for name, count in counts.items() if name not in PATIENCE_S and count},
        late_s={name: too_long_s for name, too_long_s in late_s.items() if too_long_s > 0},
    )


def worth_asking(counts: Mapping[str, int]) -> Iterable[str]:
    """The queues whose oldest message may be late: an empty one needs no question."""
    return [name for name, count in counts.items() if name in PATIENCE_S and count]
