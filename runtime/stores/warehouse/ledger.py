"""The ledger of loads: each sync's cursor, its lease, its loads, and who owns which schema.

The ledger plans and remembers. The table `_loads` in the warehouse decides whether a load has
happened. Every write names the fence of its lease, so a planner that lost its lease changes
nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from runtime.core.json_text import dump, load
from runtime.core.warehouse.plan import Lease, Load
from runtime.errors import Conflict, Transient
from runtime.stores.aws import clients as aws
from runtime.stores.tables import codec, keys
from runtime.stores.tables.table import Table
from runtime.stores.warehouse import items

_MINE: Final = "#fence = :fence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Cursors, leases and load records of every sync."""

    table: Table

    def acquire(self, tenant: str, sync_id: str, *, now_ms: int, lease_ms: int) -> Lease:
        """Become the one planner of a sync until the lease runs out.

        Raises:
            Transient: code `sync_busy`: another planner holds it.
        """
        change = self.table.update(
            _cursor(tenant, sync_id),
            "SET #fence = if_not_exists(#fence, :zero) + :one, #lease_until_ms = :until_ms",
            "attribute_not_exists(#lease_until_ms) OR #lease_until_ms < :now_ms",
            zero=0,
            one=1,
            until_ms=now_ms + lease_ms,
            now_ms=now_ms,
        )
        try:
            with aws.faults("lease a sync"):
                answer = self.table.client.update_item(**change, ReturnValues="ALL_NEW")
        except ClientError as problem:  # only a lost condition comes through
            raise Transient("this sync is running already", code="sync_busy") from problem
        attributes = {
            name: codec.value(dict(stored)) for name, stored in answer["Attributes"].items()
        }
        return Lease(
            tenant=tenant,
            sync_id=sync_id,
            fence=attributes["fence"],
            seq=attributes.get("seq", 0),
            load=self._load(tenant, sync_id, attributes.get("load_id")),
        )

    def release(self, lease: Lease) -> None:
        """Let the next planner begin at once. Does nothing when the lease is lost already."""
        change = self.table.update(
            _cursor(lease.tenant, lease.sync_id),
            "SET #lease_until_ms = :zero",
            _MINE,
            zero=0,
            fence=lease.fence,
        )
        self.table.try_to(lambda: self.table.client.update_item(**change))

    def save(self, lease: Lease, record: Load) -> None:
        """Remember how far the open load has come.

        Raises:
            Transient: code `lease_lost`.
        """
        self._write(lease, record, "SET #load_id = :load_id", load_id=record.load_id)

    def finish(self, lease: Lease, record: Load) -> None:
        """Close a load and move the cursor behind its batches, in one transaction.

        Raises:
            Transient: code `lease_lost`.
        """
        self._write(lease, record, "SET #seq = :seq REMOVE #load_id", seq=record.last_seq)

    def is_open(self, tenant: str, sync_id: str, *, now_ms: int) -> bool:
        """Whether a planner has the sync, or an earlier one has left a load open."""
        cursor = self.table.get(_cursor(tenant, sync_id))
        if cursor is None:
            return False
        until_ms = codec.value(cursor["lease_until_ms"])
        return until_ms >= now_ms or "load_id" in cursor

    def closed(self, tenant: str, sync_id: str, *, now_ms: int) -> Any:
        """The condition, for a transaction, that `is_open` is not so."""
        unleased = "(attribute_not_exists(#lease_until_ms) OR #lease_until_ms < :now_ms)"
        finished = "attribute_not_exists(#load_id)"
        cursor = _cursor(tenant, sync_id)
        return self.table.check(cursor, f"{unleased} AND {finished}", now_ms=now_ms)

    def runs(self, tenant: str, sync_id: str, *, limit: int = 50) -> tuple[Load, ...]:
        """The loads of a sync, newest first."""
        query = {
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": codec.key(
                {":pk": keys.loads_of(tenant, sync_id), ":prefix": keys.LOADS}
            ),
        }
        loads = [items.load_record(item) for item in self.table.query(query)]
        loads.sort(key=lambda record: (record.started_at, record.last_seq), reverse=True)
        return tuple(loads[:limit])

    def claim_schema(self, schema: str, *, tenant: str) -> int:
        """Claim a schema for this tenant; returns the version of its tables, 0 for a new one.

        Raises:
            Conflict: code `schema_taken`: two tenants must never share one.
        """
        change = self.table.update(
            _schema(schema),
            "SET #tenant = :tenant",
            "attribute_not_exists(#tenant) OR #tenant = :tenant",
            tenant=tenant,
        )
        try:
            with aws.faults("claim a schema"):
                answer = self.table.client.update_item(**change, ReturnValues="ALL_NEW")
        except ClientError as problem:  # only a lost condition comes through
            raise Conflict(
                f"schema {schema} belongs to another tenant; name another", code="schema_taken"
            ) from problem
        version = answer["Attributes"].get("version")
        return 0 if version is None else int(codec.value(dict(version)))

    def set_schema_version(self, schema: str, *, version: int) -> None:
        """Record the version of a schema's tables."""
        change = self.table.update(_schema(schema), "SET #version = :version", "", version=version)
        self.table.try_to(lambda: self.table.client.update_item(**change))

    def promoted_columns(self, schema: str) -> frozenset[str]:
        """The promoted columns that a schema's tables have, as `table.column`."""
        item = self.table.get(_schema(schema))
        if item is None or "columns" not in item:
            return frozenset()
        return frozenset(load(codec.value(item["columns"])))

    def set_promoted_columns(self, schema: str, columns: frozenset[str], /) -> None:
        """Record which promoted columns a schema's tables have."""
        text = dump(sorted(columns))
        change = self.table.update(_schema(schema), "SET #columns = :columns", "", columns=text)
        self.table.try_to(lambda: self.table.client.update_item(**change))

    def _write(self, lease: Lease, record: Load, change: str, **values: str | int) -> None:
        cursor = _cursor(lease.tenant, lease.sync_id)
        saved = self.table.transact(
            self.table.update(cursor, change, _MINE, fence=lease.fence, **values),
            self.table.put(
                _item(record, fence=lease.fence),
                "attribute_not_exists(#fence) OR #fence <= :fence",
                fence=lease.fence,
            ),
        )
        if not saved:
            raise Transient("another planner has taken this sync over", code="lease_lost")

    def _load(self, tenant: str, sync_id: str, load_id: str | None) -> Load | None:
        if load_id is None:
            return None
        item = self.table.get({"pk": keys.loads_of(tenant, sync_id), "sk": keys.load(load_id)})
        return None if item is None else items.load_record(item)


def _cursor(tenant: str, sync_id: str) -> Mapping[str, str]:
    return {"pk": keys.loads_of(tenant, sync_id), "sk": keys.SYNC_CURSOR}


def _schema(schema: str) -> Mapping[str, str]:
    return {"pk": keys.schema(schema), "sk": keys.SCHEMA}


def _item(record: Load, *, fence: int) -> codec.Item:
    key = {"pk": keys.loads_of(record.tenant, record.sync_id), "sk": keys.load(record.load_id)}
    return {**items.load_item(record), **codec.key(key), "fence": codec.scalar(fence)}
