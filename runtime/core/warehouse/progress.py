"""How far a sync has come."""

from dataclasses import dataclass, field
from datetime import datetime

from runtime.core.timestamps import moment
from runtime.core.warehouse.gap import Skipped
from runtime.core.warehouse.health import Health


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a sync has come, as its cursor in the ledger says."""

    # Arrival number of the last raw batch that is loaded, or that the sync begins behind. None
    # before its first run.
    seq: int | None = None
    # ISO 8601: all of the tenant's rows that had arrived by then are loaded. None before the first
    # run that ended well.
    loaded_until: str | None = None
    # Up to this arrival number, each batch was loaded or skipped; whoever checks it goes on there.
    # None before the first run.
    checked_seq: int | None = None
    skipped: tuple[Skipped, ...] = ()  # the gaps that it has gone on behind, oldest first
    health: Health = field(default_factory=Health)

    def behind_s(self, now: datetime) -> int | None:
        """How many seconds the destination is behind; None before the first good run."""
        if self.loaded_until is None:
            return None
        return max(0, round((now - moment(self.loaded_until)).total_seconds()))
