"""Turns syncs into items of the config table, loads into items of the ledger, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from runtime.core.json_text import dump, load
from runtime.core.warehouse.gap import Gap, Skipped
from runtime.core.warehouse.health import Health, Notice, NoticeKind
from runtime.core.warehouse.plan import Load, LoadState, Refused, TableCount
from runtime.core.warehouse.progress import Progress
from runtime.core.warehouse.schedule import HOURLY, parse
from runtime.core.warehouse.selection import PromotedColumn, PromotedType, Selection
from runtime.core.warehouse.sync import DestinationKind, Sync
from runtime.stores.tables import codec
from runtime.stores.tables.codec import Item

SYNC_AS_JSON: Final = frozenset({"schedule", "sealed", "selection", "settings"})


def sync_item(sync: Sync) -> Item:
    """The attributes of a sync; its schedule is the text that people write.

    What a sync has when nobody has said anything has no attribute. So a sync that was stored before
    there were schedules is still the item that a change compares it with.
    """
    item = codec.encode(sync, as_json=SYNC_AS_JSON)
    item["schedule"] = codec.text(str(sync.schedule))
    defaults = {"schedule": HOURLY, "selection": Selection(), "settings": {}, "sealed": {}}
    for name, default in defaults.items():
        if getattr(sync, name) == default:
            del item[name]
    return item


def sync(item: Mapping[str, Item]) -> Sync:
    """A stored sync."""
    raw = codec.fields(item, Sync, as_json=SYNC_AS_JSON - {"schedule"})
    raw["kind"] = DestinationKind(raw["kind"])
    if "selection" in raw:
        raw["selection"] = _selection(raw["selection"])
    if "schedule" in raw:
        raw["schedule"] = parse(raw["schedule"])
    return Sync(**raw)


def progress(item: Mapping[str, Item]) -> Progress:
    """How far a sync has come, of its cursor's item; an empty item is that of a new sync."""
    raw = codec.fields(item, Progress, as_json={"health", "skipped"})
    if "health" in raw:
        raw["health"] = _health(raw["health"])
    if "skipped" in raw:
        raw["skipped"] = tuple(Skipped(**_with_gap(each)) for each in raw["skipped"])
    return Progress(**raw)


def _health(raw: dict[str, Any]) -> Health:
    notices = tuple(
        Notice(**_with_gap({**notice, "kind": NoticeKind(notice["kind"])}))
        for notice in raw["notices"]
    )
    return Health(**_with_gap({**raw, "notices": notices}))


def _with_gap(raw: dict[str, Any]) -> dict[str, Any]:
    return raw if raw["gap"] is None else {**raw, "gap": Gap(**raw["gap"])}


def load_item(record: Load) -> Item:
    """The attributes of a load: one, which holds the whole record as JSON."""
    return {"record": codec.text(dump(asdict(record)))}


def load_record(item: Mapping[str, Item]) -> Load:
    """A stored load."""
    raw: dict[str, Any] = load(codec.value(item["record"]))
    raw["state"] = LoadState(raw["state"])
    raw["tables"] = {name: TableCount(**count) for name, count in raw["tables"].items()}
    if "selection" in raw:
        raw["selection"] = _selection(raw["selection"])
    raw["refused"] = tuple(
        Refused(table, tuple(key), reason) for table, key, reason in raw.get("refused", ())
    )
    return Load(**raw)


def _selection(raw: Mapping[str, Any]) -> Selection:
    columns = (
        PromotedColumn(**(column | {"type": PromotedType(column["type"])}))
        for column in raw["columns"]
    )
    names = ("tables", "include_topics", "exclude_topics")
    return Selection(**{name: tuple(raw[name]) for name in names}, columns=tuple(columns))
