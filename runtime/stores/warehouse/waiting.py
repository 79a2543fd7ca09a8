"""Waits for the end of a statement that a warehouse runs by itself."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from runtime.core.warehouse.plan import StatementOutcome, StatementState

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 10.0


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Asks how a statement stands, at growing intervals."""

    seconds: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = _pause

    def for_end(self, ask: Callable[[], StatementOutcome], *, wait_s: float) -> StatementOutcome:
        """How the statement stands when it has ended, or after `wait_s` seconds."""
        deadline, pause_s = self.seconds() + wait_s, FIRST_PAUSE_S
        while True:
            outcome = ask()
            left_s = deadline - self.seconds()
            if outcome.state is not StatementState.RUNNING or left_s <= 0:
                return outcome
            self.pause(min(pause_s, left_s))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
