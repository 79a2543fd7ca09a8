"""A queue in memory, on a clock that a test moves."""

import heapq
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import Generic, TypeVar

M = TypeVar("M")


class VirtualQueue(Generic[M]):
    """A queue on a virtual clock: messages wait for their time, and come back until removed."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._waiting: list[tuple[datetime, int, M]] = []
        self._order = count()
        self.sent: list[tuple[M, int]] = []

    def send(self, messages: Iterable[M], *, delay_s: int = 0) -> None:
        """Queue them all."""
        for message in messages:
            self.sent.append((message, delay_s))
            self.put_back(message, after_s=delay_s)

    def put_back(self, message: M, *, after_s: float) -> None:
        """Show it again after a while."""
        visible_at = self._clock() + timedelta(seconds=after_s)
        heapq.heappush(self._waiting, (visible_at, next(self._order), message))

    def take(self, most: int = 10) -> list[M]:
        """What is visible now."""
        batch: list[M] = []
        while self._waiting and self._waiting[0][0] <= self._clock() and len(batch) < most:
            batch.append(heapq.heappop(self._waiting)[2])
        return batch

    @property
    def delays_s(self) -> list[float]:
        """In how many seconds each message shows, in order."""
        return [(shows_at - self._clock()).total_seconds() for shows_at, _, _ in self._waiting]

    @property
    def next_at(self) -> datetime | None:
        """When the next message shows."""
        return self._waiting[0][0] if self._waiting else None
