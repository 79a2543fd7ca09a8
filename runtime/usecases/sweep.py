"""Finds what is due and has no hint on a queue: the timers that no crash can lose."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar

from runtime.core.deliveries.delivery import Delivery, Waiting
from runtime.core.functions.run import Run
from runtime.errors import Transient
from runtime.usecases.ports import Hints

LEASE_S: Final = 90  # a hint that is lost after the lease was taken is sent again after this
# A short delay rides on the queue, and its hint arrives when the record is due. It gets this long
# to
# be served before the sweep takes it for lost and sends another.
GRACE_S: Final = 30
BATCH: Final = 10  # what the queue takes in one call
LIMIT: Final = (
    8000  # hints of one sweep, about what its minute takes; the rest waits for the next sweep
)

R = TypeVar("R", Delivery, Waiting, Run)
M = TypeVar("M")


class DueIndex(Protocol[R]):
    """Records by due time, in shards."""

    def due(self, *, shard: str, now_ms: int, limit: int) -> Iterable[R]:
        """The records due at `now_ms`, the longest waiting first."""

    def lease(self, record: R, /, *, until_ms: int) -> bool:
        """Move its due time to `until_ms`; False when another sweep has moved it already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep(Generic[R, M]):
    """Sends the hints of one kind of record. Sweeps may overlap: the lease tells them apart.

    `is_hinted` says whether a hint for the due time has been put on the queue already.
    """

    records: DueIndex[R]
    hints: Hints[M]
    hint_of: Callable[[R], M]
    is_hinted: Callable[[R], bool]
    shards: Sequence[str]
    clock: Callable[[], datetime]
    grace_s: int = GRACE_S
    limit: int = LIMIT

    def __call__(self) -> int:
        """Send a hint for every due record; returns how many.

        The shards take turns, a batch of the queue each, so that a backlog in one does not keep the
        others waiting until it is worked off.

        Raises:
            Transient: a shard could not be swept to its end; all others were.
        """
        now_ms = int(self.clock().timestamp() * 1000)
        swept, problems = 0, []
        going = deque(self._leased(shard, now_ms) for shard in self.shards)
        while going and swept < self.limit:
            shard = going.popleft()
            try:
                hints = next(shard, None)
                if hints is not None:
                    self.hints.send(hints)
                    swept += len(hints)
                    going.append(shard)
            except Transient as problem:
                problems.append(problem)
        if problems:
            raise problems[0]
        return swept

    def _leased(self, shard: str, now_ms: int) -> Iterator[list[M]]:
        """The hints of the records that could be leased, a batch of the queue at a time.

        A record that is leased and gets no hint waits for its lease to end. So a sweep leases no
        more
        records than it sends hints for at once: it may be killed, or refused a lease, at any of
        them.
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
        """Whether the hint on the queue is about to be served: another would repeat the attempt."""
        due_at_ms = record.due_at_ms or 0
        return self.is_hinted(record) and due_at_ms > now_ms - self.grace_s * 1000
