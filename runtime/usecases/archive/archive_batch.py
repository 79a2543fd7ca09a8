"""Write a batch of events into the raw log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from runtime.core.archive import raw_log
from runtime.core.archive.raw_log import EncodedBatch
from runtime.core.events.envelope import Event
from runtime.usecases.ports import Erasures


class RawLog(Protocol):
    """Numbered, immutable batches."""

    def append(self, batch: EncodedBatch, *, now: datetime) -> int:
        """Store the batch; returns its arrival number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveBatch:
    """Archives events of any tenants as one immutable batch."""

    raw_log: RawLog
    erasures: Erasures
    clock: Callable[[], datetime]

    def __call__(self, events: Sequence[Event]) -> int | None:
        """Archive `events`; returns the batch's arrival number, or None if there are no events.

        Those of erased people are left out.

        Archiving the same events again may repeat rows, but never loses one.

        Raises:
            Transient: the events are not archived; pass the same events again.
        """
        erased = self.erasures.of(events)
        kept = [event for event, gone in zip(events, erased, strict=True) if not gone]
        if not kept:
            return None
        return self.raw_log.append(raw_log.encode_events(kept), now=self.clock())
