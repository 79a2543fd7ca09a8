"""Turns entries of timelines into items, and back; an item has no attribute that its key tells."""

from collections.abc import Mapping
from typing import Any, Final

from runtime.core.timeline.entry import AttributeChange, Entry, EntryKind
from runtime.stores.tables import codec, keys
from runtime.stores.tables.codec import Item

IN_KEY: Final = frozenset({"id", "tenant", "profile_id", "kind", "at"})
AS_JSON: Final = frozenset({"changes", "profile_ids"})
EMPTY: Final[tuple[object, ...]] = (None, 0, ())


def entry_item(entry: Entry) -> Item:
    """An entry with its key."""
    attributes = codec.encode(entry, as_json=AS_JSON)
    return {
        **codec.key({"pk": keys.timeline(entry.tenant, entry.profile_id), "sk": entry.place}),
        **{
            name: attribute
            for name, attribute in attributes.items()
            if name not in IN_KEY and getattr(entry, name) not in EMPTY
        },
    }


def entry(item: Mapping[str, Item]) -> Entry:
    """A stored entry."""
    tenant, _, profile_id = item["pk"]["S"].partition("#")
    at, kind, entry_id = item["sk"]["S"].split("#", 2)  # an event's id may have a `#` itself
    raw: dict[str, Any] = codec.fields(item, Entry, as_json=AS_JSON)
    raw["changes"] = tuple(AttributeChange(*each) for each in raw.get("changes", ()))
    raw["profile_ids"] = tuple(raw.get("profile_ids", ()))
    return Entry(
        id=entry_id, tenant=tenant, profile_id=profile_id, kind=EntryKind(kind), at=at, **raw
    )
