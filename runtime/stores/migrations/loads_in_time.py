"""Migration 1: loads that are stored by their ids are stored by when they were planned.

Of a load that is open, the sync's cursor names the new key, so that the next planner goes on with
it. Where a planner has begun another one meanwhile, that one counts: it takes the same batches.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from runtime.core.json_text import load
from runtime.core.migrations.migration import Page
from runtime.core.warehouse.plan import Lease
from runtime.errors import Transient
from runtime.stores.tables import codec, keys
from runtime.stores.tables.codec import Item
from runtime.stores.warehouse.ledger import Ledger
from runtime.stores.warehouse.syncs import Syncs

LOADS: Final = 100  # moved in one page; each is a transaction
LEASE_MS: Final = 60_000  # of a sync; longer than a page takes
_OPEN: Final = "load_id"  # of the cursor: the id of its open load


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadsInTime:
    """Moves the loads of one sync after the other."""

    syncs: Syncs
    ledger: Ledger
    clock: Callable[[], datetime]
    at_once: int = LOADS  # loads of a page

    def __call__(self, cursor: str | None) -> Page:
        """Move up to `at_once` loads of the first sync from the cursor on.

        Args:
            cursor: the partition of the sync; None for the first one.

        Raises:
            Transient: code `sync_busy`: the sync is running; code `lease_lost`: its lease ended
                meanwhile; or AWS does not answer.
        """
        places = {keys.loads_of(each.tenant, each.id): each for each in self.syncs.all()}
        todo = sorted(place for place in places if cursor is None or place >= cursor)
        if not todo:
            return Page(looked_at=0, changed=0, cursor=None)
        place, *behind = todo
        stored = self._stored_by_id(place)
        sync = places[place]
        moved = self._move(stored, self._lease(sync.tenant, sync.id)) if stored else 0
        if len(stored) == self.at_once:
            return Page(looked_at=0, changed=moved, cursor=place)
        return Page(looked_at=1, changed=moved, cursor=behind[0] if behind else None)

    def _stored_by_id(self, place: str) -> list[Item]:
        query: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": codec.key({":pk": place, ":prefix": keys.LOADS_BY_ID}),
            "ConsistentRead": True,
            "Limit": self.at_once,
        }
        return self.ledger.table.look(query).items

    def _lease(self, tenant: str, sync_id: str) -> Lease:
        now_ms = int(self.clock().timestamp() * 1000)
        return self.ledger.acquire(tenant, sync_id, now_ms=now_ms, lease_ms=LEASE_MS)

    def _move(self, stored: list[Item], lease: Lease) -> int:
        try:
            return sum(self._move_one(item, lease) for item in stored)
        finally:
            self.ledger.release(lease)

    def _move_one(self, item: Item, lease: Lease) -> bool:
        """Move one load; False when it was moved meanwhile."""
        table = self.ledger.table
        key = {name: str(codec.value(item[name])) for name in ("pk", "sk")}
        record: dict[str, Any] = load(codec.value(item["record"]))
        sort = keys.load(record["started_at"], record["load_id"])
        is_moved = table.transact(
            table.put({**item, "sk": codec.text(sort)}, ""),
            table.delete(key, "attribute_exists(pk)"),
            *self._named_open(key["pk"], record, sort=sort, lease=lease),
        )
        if not is_moved and table.get(key) is not None:
            raise Transient("another planner has taken this sync over", code="lease_lost")
        return is_moved

    def _named_open(
        self, place: str, record: dict[str, Any], *, sort: str, lease: Lease
    ) -> Iterator[Any]:
        key = {"pk": place, "sk": keys.SYNC_CURSOR}
        cursor = self.ledger.table.get(key) or {}
        if _OPEN not in cursor or codec.value(cursor[_OPEN]) != record["load_id"]:
            return
        is_next = "open_load" not in cursor and lease.seq < record["first_seq"]
        named = {"sort": sort} if is_next else {}
        change = "SET #open_load = :sort " if is_next else ""
        yield self.ledger.table.update(
            key, f"{change}REMOVE #load_id", "#fence = :fence", fence=lease.fence, **named
        )
