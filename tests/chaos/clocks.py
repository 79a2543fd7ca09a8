"""Two clocks: the one that time itself goes by, and the workers' own, which is set now and then."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from tests.doubles import FakeClock

JUMPS: Final = 0.01
# As a time daemon sets a clock: mostly by little, now and then by an hour; often right again.
SKEWS_S: Final = (0.0, 0.0, 0.0, 0.8, -0.8, 45.0, -45.0, 3600.0, -3600.0)


@dataclass(kw_only=True)
class Clocks:
    """`true` moves the queues and the receivers; `workers` is what the product reads."""

    dice: random.Random
    true: FakeClock = field(default_factory=FakeClock)
    jumps: Counter[str] = field(default_factory=Counter)
    _skew_s: float = 0.0

    def workers(self) -> datetime:
        """What the workers' clock shows."""
        return self.true() + timedelta(seconds=self._skew_s)

    def monotonic(self) -> float:
        """Seconds that nobody sets."""
        return self.true().timestamp()

    def maybe_jump(self) -> None:
        """Set the workers' clock, forward or back."""
        if self.dice.random() >= JUMPS:
            return
        skew_s = self.dice.choice(SKEWS_S)
        if skew_s != self._skew_s:
            self.jumps["forward" if skew_s > self._skew_s else "back"] += 1
        self._skew_s = skew_s
