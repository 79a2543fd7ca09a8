"""How long a worker has the messages of its batch, and when those that failed come again."""

from dataclasses import dataclass
from typing import Final

# A message comes back so long after its worker was killed, and is with another within a minute.
LEASE_S: Final = 45
# Two renewals may fail before a lease ends whose worker lives.
RENEW_EVERY_S: Final = 15
FIRST_PAUSE_S: Final = 30  # most faults of the platform are over by then
PAUSE_GROWTH: Final = 5  # five tries take an hour and a quarter: an outage has that long to end
MAX_PAUSE_S: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message as a worker has received it."""

    receipt: str  # names the message to its queue, until the queue hands it out again
    tries: int  # how often the queue has handed it out, this time included


def pause_s(tries: int) -> int:
    """How long a message waits that has failed after so many tries, in seconds."""
    pause = FIRST_PAUSE_S
    for _ in range(1, tries):
        pause *= PAUSE_GROWTH
        if pause >= MAX_PAUSE_S:
            return MAX_PAUSE_S
    return pause
