"""Stores the audit log: an item for each entry, which is written, ended once, and never deleted.

DynamoDB itself deletes an entry when its days are over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from runtime.core import ids
from runtime.core.audit import entry as entries
from runtime.core.audit.entry import ChangeOutcome, Entry
from runtime.core.audit.selection import Selection
from runtime.core.page import Page, every
from runtime.core.timestamps import epoch_ms, moment
from runtime.errors import NotFound
from runtime.stores.audit import items
from runtime.stores.tables import codec, records, shards
from runtime.stores.tables.codec import Item
from runtime.stores.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLog:
    """Entries by tenant and time, and while their tenant has not been told of their end."""

    table: Table
    retention_days: int  # how long an entry is kept after its change began

    def add(self, entry: Entry) -> None:
        """Store a new entry; storing it again changes nothing."""
        self.table.put_if(self._item(entry), "attribute_not_exists(pk)")

    def end(self, entry: Entry) -> bool:
        """Store how a change has ended; False if the entry had an end already, which stays."""
        return self.table.put_if(
            self._item(entry), "#outcome = :started", started=ChangeOutcome.STARTED.value
        )

    def note_told(self, entry: Entry) -> None:
        """Store that the tenant has been told of the entry's end."""
        write = self.table.update(
            _place(entry), "REMOVE #due_shard, #due_at_ms", "attribute_exists(pk)"
        )
        # An entry whose days are over is gone, and so out of the index.
        self.table.try_to(lambda: self.table.client.update_item(**write))

    def find(self, tenant: str, entry_id: str) -> Entry | None:
        """One entry, strongly read, or None."""
        item = self.table.get({"pk": tenant, "sk": entry_id})
        return None if item is None else items.entry(item)

    def get(self, tenant: str, entry_id: str) -> Entry:
        """One entry, strongly read.

        Raises:
            NotFound: code `audit_entry_not_found`: this tenant has no such entry.
        """
        entry = self.find(tenant, entry_id)
        if entry is None:
            raise NotFound("no such entry of the audit log", code="audit_entry_not_found")
        return entry

    def list(
        self, tenant: str, selection: Selection, *, after: str | None = None, limit: int = 50
    ) -> Page[Entry]:
        """A tenant's entries, the newest first; a page may be short and not the last.

        Args:
            tenant: whose.
            selection: which of them.
            after: the id of the entry after which to go on; None at the beginning.
            limit: at most so many.
        """
        query = _query(tenant, selection)
        if after is not None:
            query["ExclusiveStartKey"] = codec.key({"pk": tenant, "sk": after})
        return self.table.bounded_page(
            query, items.entry, limit=limit, position=lambda item: str(item["sk"]["S"])
        )

    def of_installation(self, *, since: str | None, until: str | None) -> Iterator[Entry]:
        """Entries about the whole installation, the newest first.

        Args:
            since: ISO 8601; they began then or later; None for no beginning.
            until: ISO 8601; they began then or earlier; None for no end.
        """
        selection = Selection(since=since, until=until)
        return every(lambda after: self.list(entries.INSTALLATION, selection, after=after))

    def due(self, *, shard: str, now_ms: int, limit: int) -> Iterator[Entry]:
        """Entries that the sweep has to look after, strongly read, in no order."""
        return records.due_records(self.table, items.entry, shard=shard, now_ms=now_ms, limit=limit)

    def _item(self, entry: Entry) -> Item:
        expires = moment(entry.at) + timedelta(days=self.retention_days)
        item = {
            **items.entry_item(entry),
            **codec.key(_place(entry)),
            "expires_at": codec.scalar(int(expires.timestamp())),
        }
        if entry.due_at_ms is not None:
            item |= codec.key({"due_shard": shards.audit_shard(entry.id)})
        return item


def _place(entry: Entry) -> dict[str, str]:
    return {"pk": entry.tenant, "sk": entry.id}


def _query(tenant: str, selection: Selection) -> dict[str, Any]:
    first = f"{entries.PREFIX}_" if selection.since is None else _first_id(selection.since)
    # The ids of the millisecond `until` itself sort before `~`.
    last = "~" if selection.until is None else f"{_first_id(selection.until)}~"
    values = {":pk": tenant, ":first": first, ":last": max(first, last)}
    conditions = dict[str, str]()
    if selection.actor_id is not None:
        conditions["actor_id"] = "#actor_id = :actor_id"
        values[":actor_id"] = selection.actor_id
    if selection.action is not None:
        is_prefix = selection.action.endswith("*")
        conditions["action"] = "begins_with(#action, :action)" if is_prefix else "#action = :action"
        values[":action"] = selection.action.removesuffix("*")
    if selection.resource_id is not None:
        conditions["resource_id"] = (
            "(#resource_id = :resource_id OR begins_with(#resource_id, :parts))"
        )
        values |= {":resource_id": selection.resource_id, ":parts": f"{selection.resource_id}/"}
    if selection.outcome is not None:
        conditions["outcome"] = "#outcome = :outcome"
        values[":outcome"] = selection.outcome.value
    query: dict[str, Any] = {
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
        "ExpressionAttributeValues": codec.key(values),
        "ScanIndexForward": False,
        "ConsistentRead": True,
    }
    if conditions:
        query["FilterExpression"] = " AND ".join(conditions.values())
        query["ExpressionAttributeNames"] = {f"#{name}": name for name in conditions}
    return query


def _first_id(at: str) -> str:
    return ids.first_in_time(entries.PREFIX, epoch_ms(at))
