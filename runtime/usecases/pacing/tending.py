"""Changes how something does on record, and has the notices about it sent.

The record is first written with the notices in it; then they are sent; then the record is written
without them. After a kill in between, the sweep finds the record and has its notices sent again,
under the same ids.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar

from runtime.core.ids import Key
from runtime.errors import Transient
from runtime.races import Races

GRACE_S: Final = 30  # a worker that has stored a notice gets this long to send it
LIMIT: Final = 1000  # healths in one sweep; the next one takes the others
H = TypeVar("H")


class Healths(Protocol[H]):
    """Stores the health of things of one kind."""

    def known(self, of: Iterable[Key], /) -> Mapping[Key, H]:
        """The health of each, as it was at most a second ago."""

    def find(self, tenant: str, name: str, /) -> H:
        """The health of one thing, read now."""

    def replace(self, old: H, new: H, /) -> H | None:
        """Store `new` in the place of `old`; returns what is stored, None if `old` has changed."""

    def due(self, *, now_ms: int, limit: int) -> Iterable[H]:
        """At most `limit` healths whose notices should have been sent by `now_ms`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tending(Generic[H]):
    """Tends the things of one kind."""

    healths: Healths[H]
    key: Callable[[H], Key]  # which thing a health is of
    tell: Callable[[H], None]  # sends a health's notices, and then stores it without them
    clock: Callable[[], datetime]
    races: Races

    def change(self, key: Key, change: Callable[[H], H]) -> None:
        """Store what `change` makes of a health, and tell of it.

        `change` returns the same object when nothing is to be written.

        Raises:
            Transient: code `health_changed`: other workers keep changing the health; or a store or
                the bus cannot be reached.
        """
        health = self.healths.known([key])[key]
        for _ in self.races:
            after = change(health)
            if after is health:
                return
            current = self.healths.replace(health, after)
            if current is not None:
                self.tell(current)
                return
            health = self.healths.find(*key)
        raise Transient("the health keeps changing", code="health_changed")

    def sweep(self) -> int:
        """Send the notices that were stored but not sent; returns for how many things.

        Raises:
            Transient: some notices could not be sent, or the index could not be read.
        """
        before_ms = self.now_ms() - GRACE_S * 1000
        swept_count, problems = 0, []
        for health in self.healths.due(now_ms=before_ms, limit=LIMIT):
            try:
                # Read the record again: the index lags, and the notices may be sent since.
                self.tell(self.healths.find(*self.key(health)))
                swept_count += 1
            except Transient as problem:
                problems.append(problem)
        if problems:
            raise problems[0]
        return swept_count

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        return int(self.clock().timestamp() * 1000)
