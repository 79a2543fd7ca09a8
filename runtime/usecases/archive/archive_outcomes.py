"""Write into the raw log how deliveries and runs stand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from runtime.core.archive import raw_log
from runtime.core.archive.raw_log import EncodedBatch, Kind
from runtime.core.deliveries import raw_row as delivery_row
from runtime.core.deliveries.raw_row import DeliveryChange
from runtime.core.functions import raw_row as run_row
from runtime.core.functions.raw_row import RunChange

Change = DeliveryChange | RunChange


class RawLog(Protocol):
    """Numbered, immutable batches."""

    def append(self, batch: EncodedBatch, *, now: datetime) -> int:
        """Store the batch; returns its arrival number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveOutcomes:
    """Archives how deliveries and runs stand after each write of their records."""

    raw_log: RawLog
    clock: Callable[[], datetime]

    def __call__(self, changes: Sequence[Change]) -> None:
        """Archive what is news among `changes`, each kind as one batch.

        Their order does not matter, and archiving the same changes again does no harm.

        Raises:
            Transient: some are not archived; pass the same changes again.
        """
        rows: dict[Kind, list[Mapping[str, Any]]] = {Kind.DELIVERIES: [], Kind.RUNS: []}
        for change in changes:
            kind, row = _row(change)
            rows[kind] += [] if row is None else [row]
        for kind, news in rows.items():
            if news:
                self.raw_log.append(raw_log.encode(kind, news), now=self.clock())


def _row(change: Change) -> tuple[Kind, Mapping[str, Any] | None]:
    match change:
        case DeliveryChange():
            return Kind.DELIVERIES, delivery_row.of(change)
        case RunChange():
            return Kind.RUNS, run_row.of(change)
