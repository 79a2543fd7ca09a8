"""Turns events into items of their table, and back."""

import json
from collections.abc import Mapping
from typing import Final

from runtime.core import ids
from runtime.core.events.envelope import Event, ProfileRef
from runtime.core.json_text import dump
from runtime.stores.bodies import Bodies
from runtime.stores.tables import codec
from runtime.stores.tables.codec import Item

# Packed. A larger envelope is cheaper on S3, where a write costs as much as eight of these units.
INLINE_BYTES: Final = 8 * 1024


def event_item(event: Event, bodies: Bodies) -> Item:
    """The attributes of an event; a large envelope is written to S3 first."""
    text = dump(event.to_json())
    envelope = codec.packed(text)
    if _size(envelope) <= INLINE_BYTES:
        return {"envelope": envelope}
    at = bodies.keep(text, tenant=event.tenant, record_id=body_id(event.tenant, event.id))
    return codec.key({"envelope_at": at})


def body_id(tenant: str, event_id: str) -> str:
    """The id under which a large envelope is kept; an event's own may have any character."""
    return ids.derive("evt", tenant, event_id)


def envelope(item: Mapping[str, Item], bodies: Bodies) -> str:
    """The envelope of a stored event, as JSON.

    Raises:
        NotFound: code `body_expired`.
    """
    at = item.get("envelope_at")
    return codec.value(item["envelope"]) if at is None else bodies.read(codec.value(at))


def event(envelope: str) -> Event:
    """The event of a stored envelope."""
    raw = json.loads(envelope)
    return Event(**{**raw, "profile": ProfileRef(**raw["profile"])})


def _size(attribute: Item) -> int:
    ((kind, raw),) = attribute.items()
    return len(raw) if kind == "B" else len(raw.encode())
