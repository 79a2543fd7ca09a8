"""Turns numbered batches of the raw log into items of the ledger, and back."""

import base64
from collections.abc import Mapping
from datetime import datetime

from runtime.core.archive.raw_log import EncodedBatch, Kind, RawBatch
from runtime.core.json_text import dump, load
from runtime.core.timestamps import timestamp
from runtime.stores.tables import codec
from runtime.stores.tables.codec import Item


def batch_item(batch: EncodedBatch, key: str, *, now: datetime) -> Item:
    """The attributes of a batch whose object rests at `key`; its number is its sort key."""
    return {
        **codec.key({"key": key, "kind": batch.kind.value}),
        "appended_at": codec.text(timestamp(now)),
        **content(batch),
    }


def content(batch: EncodedBatch) -> Item:
    """The attributes that change when rows are taken out of a batch."""
    return {
        "digest": codec.text(batch.digest),
        "size_bytes": codec.scalar(len(batch.data)),
        "counts": codec.text(dump(dict(batch.counts))),
        "people": codec.text(base64.b64encode(batch.people).decode()),
    }


def batch(item: Mapping[str, Item]) -> RawBatch:
    """A stored batch."""
    raw = {name: codec.value(attribute) for name, attribute in item.items()}
    return RawBatch(
        seq=int(raw["sk"]),
        key=raw["key"],
        kind=Kind(raw["kind"]),
        digest=raw["digest"],
        size_bytes=raw["size_bytes"],
        counts=load(raw["counts"]),
        appended_at=raw["appended_at"],
        people=base64.b64decode(raw["people"]) if "people" in raw else None,
    )
