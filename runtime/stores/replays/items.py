"""Turns replays of every kind into items of the deliveries' table, and back."""

from collections.abc import Mapping
from typing import Final

from runtime.core.deliveries.delivery import Status
from runtime.core.deliveries.replay import DeliveryReplay
from runtime.core.replays.replay import Replay, ReplayState
from runtime.stores.tables import codec
from runtime.stores.tables.codec import Item

AS_JSON: Final = frozenset({"statuses"})


def replay_item(replay: Replay) -> Item:
    """The attributes of a replay."""
    return codec.encode(replay, as_json=AS_JSON)


def replay(item: Mapping[str, Item]) -> Replay:
    """A stored replay."""
    raw = codec.fields(item, DeliveryReplay, as_json=AS_JSON)
    raw["statuses"] = tuple(map(Status, raw["statuses"]))
    raw["state"] = ReplayState(raw["state"])
    return DeliveryReplay(**raw)
