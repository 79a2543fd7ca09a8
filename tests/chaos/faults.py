"""What goes wrong, by the dice, and the log of it.

A worker has lives. A kill ends one at a named point: from there no call of that life does anything.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NoReturn

from runtime.errors import Transient

# Fanout makes few calls, and each matters: half of its messages may be queued by then.
WEIGHTS: Final = {"fanout": 8.0}


class Kind(StrEnum):
    """How a call goes wrong."""

    KILLED = "killed"
    REFUSED = "refused"  # throttled: nothing happened
    UNANSWERED = "unanswered"  # timed out: it happened, and nobody was told


class KilledError(BaseException):
    """The worker ends here; nobody may catch it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that went wrong: in which life, where, and about which record, if about one."""

    kind: Kind
    life: int
    point: str
    about: str = ""


def as_transient(kind: Kind) -> NoReturn:
    """What a store makes of it."""
    raise Transient(f"the call was {kind}", code="aws_unavailable")


@dataclass(kw_only=True)
class Faults:
    """`kill_rate` and `fail_rate` are chances at each point and at each call."""

    dice: random.Random
    kill_rate: float = 0.005
    fail_rate: float = 0.015
    log: list[Fault] = field(default_factory=list)
    life: int = 0
    _worker: str = ""
    _dead: bool = False

    def begin(self, worker: str) -> None:
        """Another life; until the next one every point is this worker's."""
        self.life += 1
        self._worker, self._dead = worker, False

    def at(self, point: str) -> None:
        """A named point: the worker may be killed here, and is dead from then on."""
        if self._dead:
            raise KilledError
        if self.dice.random() < self.kill_rate * WEIGHTS.get(self._worker, 1.0):
            self._dead = True
            self._note(Kind.KILLED, point)
            raise KilledError

    def around(
        self,
        name: str,
        call: Callable[[], Any],
        *,
        fail: Callable[[Kind], Any] = as_transient,
        about: str = "",
    ) -> Any:
        """What `call` says, between two such points; or what `fail` makes of its failure."""
        self.at(f"before {name}")
        roll = self.dice.random()
        if roll < self.fail_rate / 2:
            self._note(Kind.REFUSED, name, about)
            return fail(Kind.REFUSED)
        result = call()
        self.at(f"after {name}")
        if roll < self.fail_rate:
            self._note(Kind.UNANSWERED, name, about)
            return fail(Kind.UNANSWERED)
        return result

    def unrecord(self, point: str, delivery_ids: Iterable[str]) -> None:
        """A call failed without which none of these can be recorded."""
        for each in delivery_ids:
            self._note(Kind.REFUSED, point, each)

    def _note(self, kind: Kind, point: str, about: str = "") -> None:
        point = f"{self._worker} {point}"
        self.log.append(Fault(kind=kind, life=self.life, point=point, about=about))


def by_point(faults: Iterable[Fault], kind: Kind) -> dict[str, int]:
    """How often that happened, at each point."""
    counted = Counter(fault.point for fault in faults if fault.kind is kind)
    return dict(sorted(counted.items()))
