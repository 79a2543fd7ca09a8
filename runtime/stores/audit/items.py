"""Turns entries of the audit log into items, and back."""

from collections.abc import Mapping
from typing import Any, Final

from runtime.core.audit.entry import ActorKind, ChangeOutcome, Entry
from runtime.stores.tables import codec
from runtime.stores.tables.codec import Item

AS_JSON: Final = frozenset({"before", "after", "changed"})


def entry_item(entry: Entry) -> Item:
    """The attributes of an entry."""
    return codec.encode(entry, as_json=AS_JSON)


def entry(item: Mapping[str, Item]) -> Entry:
    """A stored entry."""
    raw: dict[str, Any] = dict.fromkeys(("actor_id", "resource_id", "request_id"))
    raw |= codec.fields(item, Entry, as_json=AS_JSON)
    raw["actor_kind"] = ActorKind(raw["actor_kind"])
    raw["outcome"] = ChangeOutcome(raw["outcome"])
    raw["changed"] = tuple(raw["changed"])
    return Entry(**raw)
