"""Turns syncs into items of the config table, loads into items of the ledger, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from runtime.core.json_text import dump, load
from runtime.core.warehouse.plan import Load, LoadState, TableCount
from runtime.core.warehouse.sync import DestinationKind, Sync
from runtime.stores.tables import codec
from runtime.stores.tables.codec import Item


def sync_item(sync: Sync) -> Item:
    """The attributes of a sync, all of them scalars."""
    return codec.encode(sync)


def sync(item: Mapping[str, Item]) -> Sync:
    """A stored sync."""
    raw = codec.fields(item, Sync)
    raw["kind"] = DestinationKind(raw["kind"])
    return Sync(**raw)


def load_item(record: Load) -> Item:
    """The attributes of a load: one, which holds the whole record as JSON."""
    return {"record": codec.text(dump(asdict(record)))}


def load_record(item: Mapping[str, Item]) -> Load:
    """A stored load."""
    raw: dict[str, Any] = load(codec.value(item["record"]))
    raw["state"] = LoadState(raw["state"])
    raw["tables"] = {name: TableCount(**count) for name, count in raw["tables"].items()}
    return Load(**raw)
