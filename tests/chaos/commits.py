"""What the table of deliveries has taken, in order."""

import time
from dataclasses import dataclass, field

from runtime.core.deliveries.delivery import Delivery, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One record as it was written; `at_ns` orders it among everything that happened."""

    delivery_id: str
    at_ns: int
    attempts: int
    is_terminal: bool
    is_limbo: bool


@dataclass(kw_only=True)
class Commits:
    """The log of writes, and how each record stands; `due_ms` has those that wait."""

    latest: dict[str, Delivery] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)
    due_ms: dict[str, int] = field(default_factory=dict)

    def __call__(self, delivery: Delivery) -> None:
        """Take note of a write."""
        self.latest[delivery.id] = delivery
        self.writes.append(
            Write(
                delivery_id=delivery.id,
                at_ns=time.monotonic_ns(),
                attempts=len(delivery.attempts),
                is_terminal=delivery.status is not Status.PENDING,
                is_limbo=is_limbo(delivery),
            )
        )
        self.due_ms.pop(delivery.id, None)
        if delivery.due_at_ms is not None:
            self.due_ms[delivery.id] = delivery.due_at_ms


def is_limbo(record: Delivery) -> bool:
    """Whether it neither ended nor has a time: nobody would ever look at it again."""
    return (record.status is Status.PENDING) == (record.due_at_ms is None)
