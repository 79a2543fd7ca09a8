"""What deliveries and runs share: age lists, the due index, and the day they expire."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from runtime.core.deliveries.delivery import Delivery, Waiting
from runtime.core.functions.run import Run
from runtime.core.timestamps import moment
from runtime.stores.tables import codec, keys
from runtime.stores.tables.codec import Item
from runtime.stores.tables.table import Table

T = TypeVar("T")
DAY_S: Final = 86_400
# What the due index of the deliveries holds besides keys: what a hint, a lease and a filter need,
# and no body. So an entry is one write unit, however large its delivery.
DUE_ATTRIBUTES: Final = (
    "tenant",
    "webhook_id",
    "event_id",
    "topic",
    "created_at",
    "next_attempt",
    "hinted",
)
DUE_PAGE: Final = 100  # entries of one look at a shard; the next minute's sweep finds the rest


def is_record(item: Item) -> bool:
    """Whether an item is a delivery or a run.

    Their tables hold other things too, such as jobs and error groups, and callers name records by
    ids of their own choice: the id of another thing is the id of no record.
    """
    return "event_id" in item


def due_key(record: Delivery | Run, *, shard: str) -> Item:
    """The key of the due index; empty for a record that is not due."""
    return {} if record.due_at_ms is None else codec.key({"due_shard": shard})


def expires_s(record: Delivery | Run, retention_days: int) -> int:
    """When the record expires: its retention is counted from its last use, past or to come.

    A delivery that is sent again on its last day has a whole schedule ahead. If its record expired
    meanwhile, the delivery would be lost; and when it has ended, somebody may want to look at it.
    """
    attempts = record.attempts if isinstance(record, Delivery) else ()
    times = [moment(at) for at in (record.created_at, *(each.started_at for each in attempts[-1:]))]
    used_s = max(*(time.timestamp() for time in times), (record.due_at_ms or 0) / 1000)
    return int(used_s) + retention_days * DAY_S


def lease(table: Table, record: Delivery | Waiting | Run, *, until_ms: int) -> bool:
    """Move a due time to `until_ms`; False when another sweep has moved it already.

    The record stays due, so that a sweep after the lease finds it again if the hint is lost.
    """
    if record.due_at_ms is None:
        return False
    write = table.update(
        {"pk": record.id},
        "SET due_at_ms = :until",
        "due_at_ms = :was",
        until=until_ms,
        was=record.due_at_ms,
    )
    return table.try_to(lambda: table.client.update_item(**write))


def due(
    table: Table, decode: Callable[[Item], T], *, shard: str, now_ms: int, limit: int
) -> Iterator[T]:
    """Entries of a shard that are due, the longest waiting first; the index may lag a moment."""
    query = {
        "IndexName": "due",
        "KeyConditionExpression": "due_shard = :shard AND due_at_ms <= :now",
        "ExpressionAttributeValues": {":shard": {"S": shard}, ":now": codec.scalar(now_ms)},
        "Limit": min(limit, DUE_PAGE),
    }
    for number, item in enumerate(table.query(query)):
        if number == limit:
            return
        yield decode(item)


def due_records(
    table: Table, decode: Callable[[Item], T], *, shard: str, now_ms: int, limit: int
) -> Iterator[T]:
    """The due records of a shard, strongly read, in no order; for shards with few."""
    due_keys = list(due(table, _key, shard=shard, now_ms=now_ms, limit=limit))
    for item in table.get_many(due_keys):
        if "due_shard" in item and codec.value(item["due_at_ms"]) <= now_ms:
            yield decode(item)


def _key(item: Item) -> dict[str, str]:
    return {name: codec.value(item[name]) for name in ("pk", "sk") if name in item}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeList:
    """One partition of an age list, or the part of it between two times."""

    index: str  # the index's name; its partition key is `<index>_pk`
    partition: str
    since: str | None = None  # the earliest `created_at`, ISO 8601; None for no bound
    until: str | None = None  # the latest; None for no bound
    oldest_first: bool = False

    def query(self, *, after: str | None = None, **equal: str | int | None) -> dict[str, Any]:
        """The query for records with these values, after the position `after`."""
        name = f"{self.index}_pk"
        values: dict[str, str | int] = {":partition": self.partition}
        condition = f"{name} = :partition"
        if self.since is not None or self.until is not None:
            condition += " AND list_sk BETWEEN :since AND :until"
            low, high = keys.between(self.since, self.until)
            # DynamoDB refuses a range that ends before it begins. No key is a time alone, so that
            # from `low` to `low` holds none either.
            values[":since"], values[":until"] = low, max(low, high)
        query: dict[str, Any] = {
            "IndexName": self.index,
            "KeyConditionExpression": condition,
            "ScanIndexForward": self.oldest_first,
        }
        equals = {name: value for name, value in equal.items() if value is not None}
        if equals:
            query["FilterExpression"] = " AND ".join(f"#{each} = :{each}" for each in equals)
            query["ExpressionAttributeNames"] = {f"#{each}": each for each in equals}
            values |= {f":{each}": value for each, value in equals.items()}
        if after is not None:
            query["ExclusiveStartKey"] = codec.key(
                {name: self.partition, "list_sk": after, "pk": keys.record_in_time(after)}
            )
        return query | {"ExpressionAttributeValues": codec.exact(values)}


def position(item: Item) -> str:
    """Where a record stands in its age lists."""
    return str(item["list_sk"]["S"])
