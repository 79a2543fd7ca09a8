"""Waiting with a deadline, and a sentence when it passes."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

POLL_S: Final = 0.5


def _never() -> bool:
    return False


class Patience:
    """What is left of the demo's time; every wait draws on the same budget.

    Once `is_hopeless` nothing is waited for any more.
    """

    def __init__(self, budget_s: float, *, is_hopeless: Callable[[], bool] = _never) -> None:
        self.is_hopeless = is_hopeless
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
            if monotonic() >= ends_s or self.is_hopeless():
                return False
            self._pause.wait(POLL_S)
        return True
