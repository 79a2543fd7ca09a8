"""Waits for conditions, with one deadline for all waits of the demo."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

POLL_S: Final = 0.5


def _go_on() -> None:
    """Wait on: there is nothing to check."""


class Patience:
    """The time that is left for all waits together.

    Args:
        budget_s: seconds for all waits.
        check: called whenever a condition is not true yet; raises if it can never become true.
    """

    def __init__(self, budget_s: float, *, check: Callable[[], None] = _go_on) -> None:
        self.check = check
        self._ends_s = monotonic() + budget_s
        self._pause = threading.Event()

    @property
    def left_s(self) -> float:
        """Seconds that are left to wait."""
        return max(0.0, self._ends_s - monotonic())

    def until(self, condition: Callable[[], bool], *, at_most_s: float | None = None) -> bool:
        """Wait until a condition is true, asking twice a second.

        Args:
            condition: the condition.
            at_most_s: seconds for this wait; None is all that is left.

        Returns:
            Whether it became true in time.
        """
        ends_s = monotonic() + min(self.left_s, at_most_s if at_most_s is not None else self.left_s)
        while not condition():
            self.check()
            if monotonic() >= ends_s:
                return False
            self._pause.wait(POLL_S)
        return True
