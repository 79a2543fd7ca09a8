"""Waiting with a deadline, and a sentence when it passes."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

POLL_S: Final = 0.5


def _go_on() -> None:
    """Nothing is known that would make waiting vain."""


class Patience:
    """What is left of the demo's time; every wait draws on the same budget.

    `check` is called whenever what is waited for is not there yet; it raises when it never will be.
    """

    def __init__(self, budget_s: float, *, check: Callable[[], None] = _go_on) -> None:
        self.check = check
        self._ends_s = monotonic() + budget_s
        self._pause = threading.Event()

    @property
    def left_s(self) -> float:
        """Seconds that may still be waited."""
        return max(0.0, self._ends_s - monotonic())

    def until(self, done: Callable[[], bool], *, at_most_s: float | None = None) -> bool:
        """Whether `done` came true in time; asked twice a second, and once more at the end."""
        ends_s = monotonic() + min(self.left_s, at_most_s if at_most_s is not None else self.left_s)
        while not done():
            self.check()
            if monotonic() >= ends_s:
                return False
            self._pause.wait(POLL_S)
        return True
