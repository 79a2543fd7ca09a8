"""Trying a conditional write again that somebody else's has overtaken.

One loop for everybody who writes what others write too:

    for _ in self.races:
        old = self.store.find(key)
        if self.store.replace(old, change(old)):
            return
    raise Transient("it keeps changing", code="…_changed")
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event
from typing import Final

MAX_RACES: Final = 10  # lost in a row; then the caller's own queue tries again, minutes later
FIRST_PAUSE_S: Final = 0.02
LONGEST_PAUSE_S: Final = 1.0


def wait(seconds: float) -> None:
    """Let the seconds pass."""
    Event().wait(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Races:
    """Iterate over it once a write; it pauses between tries, longer each time, and by chance.

    Writers that have met over one record and paused for the same time would meet again.
    """

    # Numbers from 0 to 1. They need not be secret, only different in each process.
    dice: Callable[[], float] = random.SystemRandom().random
    # Lets seconds pass.
    pause: Callable[[float], object] = wait

    def __iter__(self) -> Iterator[int]:
        """Yields how many races were lost, as long as another may be run."""
        yield 0
        for lost in range(1, MAX_RACES):
            self.pause(self.dice() * min(FIRST_PAUSE_S * 2**lost, LONGEST_PAUSE_S))
            yield lost
