"""The ledger of loads: each sync's cursor, its lease, its loads, and who owns which schema.

The ledger plans and remembers. The table `_loads` in the warehouse decides whether a load has
happened. Every write names the fence of its lease, so a planner that lost its lease changes
nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from runtime.core.json_text import dump, load
from runtime.core.page import Page
from runtime.core.warehouse.gap import Skipped
from runtime.core.warehouse.health import Health
from runtime.core.warehouse.plan import Lease, Load
from runtime.core.warehouse.progress import Progress
from runtime.errors import Conflict, Transient
from runtime.stores.aws import clients as aws
from runtime.stores.tables import codec, keys
from runtime.stores.tables.table import Table
from runtime.stores.warehouse import items

_MINE: Final = "#fence = :fence"
_FIRST: Final = "if_not_exists(#checked_seq, :seq)"  # a sync is checked from where it begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Cursors, leases and load records of every sync."""

    table: Table

    def acquire(
        self, tenant: str, sync_id: str, *, now_ms: int, lease_ms: int, job_id: str = ""
    ) -> Lease:
        """Become the one planner of a sync, or of one of its backfills, until the lease runs out.

        Args:
            tenant: whose sync it is.
            sync_id: the sync.
            now_ms: epoch ms.
            lease_ms: how long it may take.
            job_id: of the backfill; empty for what is new.

        Raises:
            Transient: code `sync_busy`: another planner holds it.
        """
        change = self.table.update(
            _cursor(tenant, sync_id, job_id),
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
        cursor: codec.Item = answer["Attributes"]
        progress = items.progress(cursor)
        return Lease(
            tenant=tenant,
            sync_id=sync_id,
            fence=codec.value(cursor["fence"]),
            seq=progress.seq,
            load=self._load(tenant, sync_id, cursor.get("open_load")),
            job_id=job_id,
            skipped=progress.skipped,
        )

    def release(self, lease: Lease) -> None:
        """Let the next planner begin at once. Does nothing when the lease is lost already."""
        change = self.table.update(
            _cursor(lease.tenant, lease.sync_id, lease.job_id),
            "SET #lease_until_ms = :zero",
            _MINE,
            zero=0,
            fence=lease.fence,
        )
        self.table.try_to(lambda: self.table.client.update_item(**change))

    def advance(self, lease: Lease, *, seq: int, loaded_until: str | None = None) -> None:
        """Move the cursor to a batch without a load.

        The sync begins behind this batch, or had no row to load up to it.

        Args:
            lease: of the planner.
            seq: the batch's arrival number.
            loaded_until: as in `Progress`; None leaves it as it is.

        Raises:
            Transient: code `lease_lost`.
        """
        change = self.table.update(
            _cursor(lease.tenant, lease.sync_id, lease.job_id),
            f"SET #seq = :seq, #checked_seq = {_FIRST}{_until(loaded_until)}",
            _MINE,
            **_given(seq=seq, loaded_until=loaded_until, fence=lease.fence),
        )
        if not self.table.try_to(lambda: self.table.client.update_item(**change)):
            raise _lost()

    def check_off(self, tenant: str, sync_id: str, *, seq: int) -> None:
        """Store that all batches up to this arrival number were loaded or skipped."""
        change = self.table.update(
            _cursor(tenant, sync_id), "SET #checked_seq = :seq", "attribute_exists(pk)", seq=seq
        )
        self.table.try_to(lambda: self.table.client.update_item(**change))

    def save(self, lease: Lease, record: Load) -> None:
        """Remember how far the open load has come.

        Raises:
            Transient: code `lease_lost`.
        """
        self._write(lease, record, "SET #open_load = :open_load", open_load=_sort(record))

    def finish(self, lease: Lease, record: Load) -> None:
        """Close a load and move the cursor behind its batches, in one transaction.

        Raises:
            Transient: code `lease_lost`.
        """
        until = record.arrived_until
        change = f"SET #seq = :seq{_until(until)} REMOVE #open_load"
        self._write(lease, record, change, **_given(seq=record.last_seq, loaded_until=until))

    def progress(self, tenant: str, sync_id: str, *, job_id: str = "") -> Progress:
        """How far a sync, or one of its backfills, has come, read now."""
        return items.progress(self.table.get(_cursor(tenant, sync_id, job_id)) or {})

    def progress_of(self, tenant: str, sync_ids: Sequence[str]) -> Mapping[str, Progress]:
        """How far each of a tenant's syncs has come, by its id, read now."""
        ids = {keys.loads_of(tenant, sync_id): sync_id for sync_id in sync_ids}
        cursors = self.table.get_many(_cursor(tenant, sync_id) for sync_id in sync_ids)
        come = {ids[cursor["pk"]["S"]]: items.progress(cursor) for cursor in cursors}
        return {sync_id: come.get(sync_id, Progress()) for sync_id in sync_ids}

    def tend(self, lease: Lease, health: Health) -> None:
        """Store how the sync does.

        Raises:
            Transient: code `lease_lost`.
        """
        change = self.table.update(
            _cursor(lease.tenant, lease.sync_id, lease.job_id),
            "SET #health = :health",
            _MINE,
            health=codec.json_of(health),
            fence=lease.fence,
        )
        if not self.table.try_to(lambda: self.table.client.update_item(**change)):
            raise _lost()

    def is_open(self, tenant: str, sync_id: str, *, now_ms: int) -> bool:
        """Whether a planner has the sync, or an earlier one has left a load open."""
        cursor = self.table.get(_cursor(tenant, sync_id))
        if cursor is None:
            return False
        until_ms = codec.value(cursor["lease_until_ms"])
        return until_ms >= now_ms or "open_load" in cursor

    def closed(self, tenant: str, sync_id: str, *, now_ms: int) -> Any:
        """The condition, for a transaction, that `is_open` is not so."""
        unleased = "(attribute_not_exists(#lease_until_ms) OR #lease_until_ms < :now_ms)"
        finished = "attribute_not_exists(#open_load)"
        cursor = _cursor(tenant, sync_id)
        return self.table.check(cursor, f"{unleased} AND {finished}", now_ms=now_ms)

    def runs(
        self, tenant: str, sync_id: str, *, after: str | None = None, limit: int = 50
    ) -> Page[Load]:
        """A page of a sync's loads, the newest first."""
        partition = keys.loads_of(tenant, sync_id)
        query: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": codec.key({":pk": partition, ":prefix": keys.LOADS}),
            "ScanIndexForward": False,
        }
        if after is not None:
            query["ExclusiveStartKey"] = codec.key({"pk": partition, "sk": keys.load_at(after)})
        return self.table.page(
            query,
            items.load_record,
            limit=limit,
            position=lambda item: item["sk"]["S"].removeprefix(keys.LOADS),
        )

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

    def skip(
        self, lease: Lease, *, skipped: Sequence[Skipped], health: Health, given_up: Load | None
    ) -> None:
        """Let the sync go on behind gaps.

        Args:
            lease: of whoever says so.
            skipped: all gaps that it goes on behind, also those of before.
            health: how the sync does, without the gap.
            given_up: the last record of the load that was open; None if none was.

        Raises:
            Transient: code `lease_lost`.
        """
        cursor = _cursor(lease.tenant, lease.sync_id)
        change = self.table.update(
            cursor,
            "SET #skipped = :skipped, #health = :health REMOVE #open_load",
            _MINE,
            skipped=codec.json_of(tuple(skipped)),
            health=codec.json_of(health),
            fence=lease.fence,
        )
        record = () if given_up is None else (self._put(given_up, fence=lease.fence),)
        if not self.table.transact(change, *record):
            raise _lost()

    def _put(self, record: Load, *, fence: int) -> Any:
        """The write of a load's record, which a planner that was overtaken does not make."""
        condition = "attribute_not_exists(#fence) OR #fence <= :fence"
        return self.table.put(_item(record, fence=fence), condition, fence=fence)

    def _write(self, lease: Lease, record: Load, change: str, **values: str | int) -> None:
        cursor = _cursor(lease.tenant, lease.sync_id, lease.job_id)
        saved = self.table.transact(
            self.table.update(cursor, change, _MINE, fence=lease.fence, **values),
            self._put(record, fence=lease.fence),
        )
        if not saved:
            raise _lost()

    def _load(self, tenant: str, sync_id: str, open_load: codec.Item | None) -> Load | None:
        if open_load is None:
            return None
        sort = codec.value(open_load)
        item = self.table.get({"pk": keys.loads_of(tenant, sync_id), "sk": sort})
        return None if item is None else items.load_record(item)


def _cursor(tenant: str, sync_id: str, job_id: str = "") -> Mapping[str, str]:
    sort = keys.backfill_cursor(job_id) if job_id else keys.SYNC_CURSOR
    return {"pk": keys.loads_of(tenant, sync_id), "sk": sort}


def _schema(schema: str) -> Mapping[str, str]:
    return {"pk": keys.schema(schema), "sk": keys.SCHEMA}


def _sort(record: Load) -> str:
    return keys.load(record.started_at, record.load_id)


def _until(loaded_until: str | None) -> str:
    return "" if loaded_until is None else ", #loaded_until = :loaded_until"


def _given(**values: str | int | None) -> dict[str, str | int]:
    return {name: value for name, value in values.items() if value is not None}


def _lost() -> Transient:
    return Transient("another planner has taken this sync over", code="lease_lost")


def _item(record: Load, *, fence: int) -> codec.Item:
    key = {"pk": keys.loads_of(record.tenant, record.sync_id), "sk": _sort(record)}
    return {**items.load_item(record), **codec.key(key), "fence": codec.scalar(fence)}
