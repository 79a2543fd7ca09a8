"""Records of the warehouse, with every field filled."""

from typing import Any

from runtime.core.warehouse.plan import Load, LoadState
from runtime.core.warehouse.sync import DestinationKind, Sync


def a_sync(**changes: Any) -> Sync:
    """A sync of acme into Redshift."""
    given: dict[str, Any] = {
        "id": "syn_1",
        "tenant": "acme",
        "name": "warehouse",
        "kind": DestinationKind.REDSHIFT,
        "created_at": "2026-11-20T13:04:05.123Z",
    }
    return Sync(**given | changes)


def a_load(**changes: Any) -> Load:
    """A load that has just been planned."""
    given: dict[str, Any] = {
        "tenant": "acme",
        "sync_id": "syn_1",
        "load_id": "0" * 32,
        "trigger": "schedule",
        "first_seq": 1,
        "last_seq": 2,
        "state": LoadState.PLANNED,
        "versions": "1.1",
        "started_at": "2026-11-20T13:04:05.123Z",
    }
    return Load(**given | changes)
