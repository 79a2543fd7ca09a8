"""How far a sync has come."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a sync has come, as its cursor in the ledger says."""

    # Arrival number of the last raw batch that is loaded, or that the sync begins behind. None
    # before its first run.
    seq: int | None = None
    # ISO 8601: all of the tenant's rows that had arrived by then are loaded. None before the first
    # run that ended well.
    loaded_until: str | None = None
