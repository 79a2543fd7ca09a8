"""Turns the health of endpoints into items of the deliveries' table, and back."""

from collections.abc import Mapping
from typing import Final

from runtime.core.pacing.endpoint_health import Health, Notice, NoticeKind
from runtime.stores.tables import codec
from runtime.stores.tables.codec import Item

AS_JSON: Final = frozenset({"notices"})


def health_item(health: Health) -> Item:
    """The attributes of an endpoint's health."""
    return codec.encode(health, as_json=AS_JSON)


def health(item: Mapping[str, Item]) -> Health:
    """An endpoint's health as it is stored."""
    raw = codec.fields(item, Health, as_json=AS_JSON)
    raw["notices"] = tuple(
        Notice(**{**notice, "kind": NoticeKind(notice["kind"])}) for notice in raw["notices"]
    )
    return Health(**raw)
