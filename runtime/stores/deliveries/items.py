"""Turns deliveries into items of their table, and back."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Final

from runtime.core.deliveries.delivery import Attempt, Delivery, Status, Waiting
from runtime.core.deliveries.raw_row import DeliveryChange
from runtime.stores.tables import codec, streamed
from runtime.stores.tables.codec import Item
from runtime.stores.tables.streamed import Record

ELSEWHERE: Final = ("id", "body", "attempts", "revision")  # fields stored under another name


def delivery_item(record: Delivery) -> Item:
    """The attributes of a delivery, of which there are millions: as few bytes as will do.

    A field that has its default has no attribute. Attempts and body are one text, because what is
    long and alike packs well together: a line of JSON with the attempts, then the body to the byte.
    """
    defaults = {field.name: field.default for field in fields(record)}
    values = {name: getattr(record, name) for name in defaults if name not in ELSEWHERE}
    content = f"{codec.json_of(record.attempts)}\n{record.body}"
    # A short name: with the whole one, many a retried order would be a few bytes over a kilobyte,
    # and cost another write unit.
    revision = {"rev": codec.scalar(record.revision)} if record.revision else {}
    return {
        "pk": {"S": record.id},
        **revision,
        **{name: codec.scalar(at) for name, at in values.items() if at != defaults[name]},
        "content": codec.packed(content),
    }


def delivery(item: Mapping[str, Item]) -> Delivery:
    """A stored delivery."""
    raw = codec.fields(item, Delivery)
    attempts, _, raw["body"] = codec.value(item["content"]).partition("\n")
    raw["attempts"] = tuple(Attempt(**attempt) for attempt in json.loads(attempts))
    raw["status"] = Status(raw["status"])
    if "rev" in item:
        raw["revision"] = codec.value(item["rev"])
    return Delivery(id=codec.value(item["pk"]), **raw)


def change(record: Record) -> DeliveryChange:
    """A committed write, as the table's stream tells of it.

    Raises:
        BadInput: code `unreadable_delivery`: an image is no delivery.
    """
    write = streamed.read(record, delivery, code="unreadable_delivery")
    return DeliveryChange(before=write.before, after=write.after, at=write.at)


def waiting(item: Mapping[str, Item]) -> Waiting:
    """A delivery as the due index has it."""
    return Waiting(id=codec.value(item["pk"]), **codec.fields(item, Waiting))
