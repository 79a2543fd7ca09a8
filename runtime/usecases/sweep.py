"""Sends hints for the records that are due without one, so that no crash can lose a timer."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar

from runtime.core.deliveries.delivery import Delivery, Waiting
from runtime.core.deliveries.replay import SOON_S
from runtime.core.functions.run import Run
from runtime.errors import Transient
from runtime.usecases.ports import Hints

LEASE_S: Final = SOON_S  # a hint that gets lost is sent again after this
# After a short delay the queue itself brings the hint when the record is due. The hint gets this
# long to be served before the sweep counts it as lost and sends another.
GRACE_S: Final = 30
BATCH: Final = 10  # how many messages the queue takes in one call
# Hints in one sweep, about as many as it can send in its minute; the next sweep sends the others.
LIMIT: Final = 8000

R = TypeVar("R", Delivery, Waiting, Run)
M = TypeVar("M")


class DueIndex(Protocol[R]):
    """Lists records by due time, in shards."""

    def due(self, *, shard: str, now_ms: int, limit: int) -> Iterable[R]:
        """At most `limit` records that are due at `now_ms`, the longest waiting first."""

    def lease(self, record: R, /, *, until_ms: int) -> bool:
        """Move the record's due time to `until_ms`; False if another sweep moved it before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep(Generic[R, M]):
    """Sends the hints of one kind of record.

    Sweeps may overlap: only the one that gets a record's lease sends its hint.
    """

    records: DueIndex[R]
    hints: Hints[M]
    hint_of: Callable[[R], M]
    is_hinted: Callable[[R], bool]  # whether the queue has a hint for the due time already
    shards: Sequence[str]
    clock: Callable[[], datetime]
    grace_s: int = GRACE_S
    limit: int = LIMIT
    # Whether an admin has paused what the hints ask for. The records then wait where they are.
    is_paused: Callable[[], bool] = lambda: False

    def __call__(self) -> int:
        """Send a hint for every due record; returns how many.

        The shards take turns, one batch of the queue each, so that a backlog in one does not keep
        the others waiting.

        Raises:
            Transient: a shard could not be swept to its end; all other shards were.
        """
        if self.is_paused():
            return 0
        now_ms = int(self.clock().timestamp() * 1000)
        swept_count, problems = 0, []
        going = deque(self._leased(shard, now_ms) for shard in self.shards)
        while going and swept_count < self.limit:
            shard = going.popleft()
            try:
                hints = next(shard, None)
                if hints is not None:
                    self.hints.send(hints)
                    swept_count += len(hints)
                    going.append(shard)
            except Transient as problem:
                problems.append(problem)
        if problems:
            raise problems[0]
        return swept_count

    def _leased(self, shard: str, now_ms: int) -> Iterator[list[M]]:
        """Lease due records; yields their hints, a batch of the queue at a time.

        A record that is leased but gets no hint waits for its lease to end. A sweep may be killed
        at any record, so it leases only one batch before it sends that batch's hints.
        """
        hints: list[M] = []
        try:
            for record in self.records.due(shard=shard, now_ms=now_ms, limit=self.limit):
                if self._may_be_served(record, now_ms):
                    continue
                if self.records.lease(record, until_ms=now_ms + LEASE_S * 1000):
                    hints.append(self.hint_of(record))
                if len(hints) == BATCH:
                    yield hints
                    hints = []
        except Transient:
            if hints:
                yield hints
            raise
        if hints:
            yield hints

    def _may_be_served(self, record: R, now_ms: int) -> bool:
        """Whether a hint on the queue is about to be served; another would repeat the attempt."""
        due_at_ms = record.due_at_ms or 0
        return self.is_hinted(record) and due_at_ms > now_ms - self.grace_s * 1000
