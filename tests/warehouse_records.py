"""Records of the warehouse, with every field filled."""

from typing import Any

from runtime.core.warehouse import tables
from runtime.core.warehouse.dialect import StagedTable, Transaction
from runtime.core.warehouse.plan import Arrivals, Load, LoadState
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


def a_transaction(**changes: Any) -> Transaction:
    """What a load of the schema `s` says of itself."""
    given: dict[str, Any] = {
        "schema": "s",
        "load_id": "0" * 32,
        "versions": "2.3",
        "copy_role": "arn",
    }
    return Transaction(**given | changes)


def staged_tables(*names: str) -> list[StagedTable]:
    """Tables with three staged rows each: these, or all."""
    return [
        StagedTable(
            table=table,
            columns=table.columns,
            uri=f"s3://bucket/manifest/{table.name}.json",
            rows=3,
            received=Arrivals("2026-11-20 13:00:00", "2026-11-20 14:00:00"),
        )
        for table in tables.TABLES
        if not names or table.name in names
    ]
