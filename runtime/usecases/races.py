"""Trying a write again that somebody else's has overtaken."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event
from typing import Final

MAX_RACES: Final = 10  # lost in a row; then the queue tries again, minutes later
FIRST_PAUSE_S: Final = 0.02
LONGEST_PAUSE_S: Final = 1.0


def wait(seconds: float) -> None:
    """Let the seconds pass: what `Races` pauses with, outside of tests."""
    Event().wait(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Races:
    """Iterate over it once a write; it pauses between tries, longer each time.

    By chance, too: workers that have met over one profile would else go on meeting. `dice` gives
    numbers from 0 to 1, `pause` lets seconds pass.
    """

    dice: Callable[[], float]
    pause: Callable[[float], object]

    def __iter__(self) -> Iterator[int]:
        """Yields how many races were lost, as long as another may be run."""
        yield 0
        for lost in range(1, MAX_RACES):
            self.pause(self.dice() * min(FIRST_PAUSE_S * 2**lost, LONGEST_PAUSE_S))
            yield lost
