"""Stores how things do: an item each, and none for those that always did well.

The item is also the outbox of the notices about the thing: it stands in the due index for as long
as some of them are unsent.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Final, Generic, NamedTuple, Protocol, TypeVar

from runtime.core.ids import Key
from runtime.freshness import is_fresh
from runtime.stores.tables import codec, records
from runtime.stores.tables.codec import Item
from runtime.stores.tables.table import Table

FRESH_S: Final = 1.0  # so long a warm worker may not notice what another has written
MAX_KNOWN: Final = 10_000  # healths in memory; when there are as many, all are forgotten
KEEP: Final = timedelta(days=90)  # longer than anything fails before somebody ends it


class _Health(Protocol):
    """What every health has."""

    @property
    def revision(self) -> int:
        """How often it was written; 0 for one that never was."""

    @property
    def notices(self) -> tuple[object, ...]:
        """Those that are not sent yet."""


H = TypeVar("H", bound=_Health)


class _Cached(NamedTuple, Generic[H]):
    """A health, and when it was read or written, in epoch seconds."""

    at_s: float
    health: H


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthTable(ABC, Generic[H]):
    """Healths of one kind of thing, by tenant and id."""

    table: Table
    clock: Callable[[], datetime]
    shard: ClassVar[str]  # of the due index, for those with unsent notices
    _cached: dict[Key, _Cached[H]] = field(default_factory=dict)

    def known(self, of: Iterable[Key]) -> dict[Key, H]:
        """The health of each, at most a second old, so that a busy worker reads little."""
        now_s = self.clock().timestamp()
        each = dict.fromkeys(of)
        fresh = {
            key: cached.health
            for key in each
            if (cached := self._cached.get(key)) is not None
            and is_fresh(cached.at_s, now_s=now_s, for_s=FRESH_S)
        }
        missing = [key for key in each if key not in fresh]
        return fresh | (self.read(missing) if missing else {})

    def read(self, of: Iterable[Key]) -> dict[Key, H]:
        """The health of each, strongly read."""
        every = {key: self.unknown(key) for key in of}
        stored = self.table.get_many({"pk": self.partition(key)} for key in every)
        for health in map(self.decode, stored):
            every[self.key(health)] = health
        for health in every.values():
            self._remember(health)
        return every

    def replace(self, old: H, new: H, /) -> H | None:
        """Store `new` in the place of `old`; returns what is stored, None if `old` has changed.

        `due` lists the item for as long as it has unsent notices.
        """
        after = self.revised(new, revision=old.revision + 1)
        unchanged = "#revision = :was" if old.revision else "attribute_not_exists(pk)"
        was = {"was": old.revision} if old.revision else {}
        if not self.table.put_if(self._item(after), unchanged, **was):
            self._cached.pop(self.key(old), None)
            return None
        self._remember(after)
        return after

    def due(self, *, now_ms: int, limit: int) -> Iterator[H]:
        """Those with notices that should have been sent by now."""
        return records.due_records(
            self.table, self.decode, shard=self.shard, now_ms=now_ms, limit=limit
        )

    @abstractmethod
    def unknown(self, key: Key) -> H:
        """The health of a thing that has no item."""

    @abstractmethod
    def key(self, health: H) -> Key:
        """Which thing it is the health of."""

    @abstractmethod
    def partition(self, key: Key) -> str:
        """The partition of a thing's item."""

    @abstractmethod
    def revised(self, health: H, *, revision: int) -> H:
        """The health with this revision."""

    @abstractmethod
    def encode(self, health: H) -> Item:
        """The attributes of a health, without its keys."""

    @abstractmethod
    def decode(self, item: Item) -> H:
        """A stored health."""

    def _remember(self, health: H) -> None:
        if len(self._cached) >= MAX_KNOWN:
            self._cached.clear()
        self._cached[self.key(health)] = _Cached(self.clock().timestamp(), health)

    def _item(self, health: H) -> Item:
        now = self.clock()
        item = {
            **self.encode(health),
            **codec.key({"pk": self.partition(self.key(health))}),
            "expires_at": codec.scalar(int((now + KEEP).timestamp())),
        }
        if health.notices:
            item |= codec.key({"due_shard": self.shard})
            item["due_at_ms"] = codec.scalar(int(now.timestamp() * 1000))
        return item
