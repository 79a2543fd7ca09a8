"""Stores until when syncs are planned: one item of the ledger."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from runtime.stores.tables import codec, keys
from runtime.stores.tables.table import Table

_ITEM: Final = {"pk": keys.PLAN, "sk": keys.PLAN}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPlan:
    """The instant up to which every slot of every sync has had its message."""

    table: Table

    def until(self) -> datetime | None:
        """The instant, to the millisecond; None before the first planner."""
        item = self.table.get(_ITEM)
        if item is None:
            return None
        return datetime.fromtimestamp(codec.value(item["until_ms"]) / 1000, tz=UTC)

    def extend(self, until: datetime, /) -> None:
        """Store a later instant; an earlier one, of a planner that was overtaken, is not stored."""
        until_ms = int(until.timestamp() * 1000)  # down, so that no slot falls between two planners
        change = self.table.update(
            _ITEM,
            "SET #until_ms = :until_ms",
            "attribute_not_exists(#until_ms) OR #until_ms < :until_ms",
            until_ms=until_ms,
        )
        self.table.try_to(lambda: self.table.client.update_item(**change))
