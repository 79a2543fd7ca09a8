"""Turns replays of every kind into items of the deliveries' table, and back."""

from collections.abc import Mapping
from typing import Final

from runtime.core.deliveries.delivery import Status
from runtime.core.deliveries.replay import DeliveryReplay
from runtime.core.functions.replay import RunReplay
from runtime.core.functions.rerun import VersionChoice
from runtime.core.functions.run import Outcome
from runtime.core.replays.replay import Replay, ReplayState
from runtime.stores.tables import codec
from runtime.stores.tables.codec import Item

AS_JSON: Final = frozenset({"statuses", "outcomes", "page"})


def replay_item(replay: Replay) -> Item:
    """The attributes of a replay."""
    return codec.encode(replay, as_json=AS_JSON)


def replay(item: Mapping[str, Item]) -> Replay:
    """A stored replay."""
    if "function" in item:
        raw = codec.fields(item, RunReplay, as_json=AS_JSON)
        outcomes, page = map(Outcome, raw.pop("outcomes")), raw.pop("page")
        state, version = ReplayState(raw.pop("state")), VersionChoice(raw.pop("version"))
        return RunReplay(
            outcomes=tuple(outcomes), page=tuple(page), state=state, version=version, **raw
        )
    raw = codec.fields(item, DeliveryReplay, as_json=AS_JSON)
    statuses, state = map(Status, raw.pop("statuses")), ReplayState(raw.pop("state"))
    return DeliveryReplay(statuses=tuple(statuses), state=state, **raw)
